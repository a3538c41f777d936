import { resolve, sep } from "node:path";
import type { Command } from "commander";
import { Problems } from "../base/problem.js";
import { UsageError } from "../base/usage-error.js";
import { guardExit } from "../exit-guard.js";
import { FileWatch } from "../file-watch.js";
import { SourceFiles } from "../load/source-files.js";
import { readSourceGraph } from "../load/source-graph.js";
import type { GenerateOptions } from "../options.js";
import { watch } from "../watch.js";
import { addGenFlags, type GenFlags, generateOptions } from "./gen-options.js";
import { describeError, describeResult } from "./report.js";
import { ServerProcess } from "./server-process.js";

/** Adds `sshrpc dev`. It runs until SIGINT or SIGTERM. */
export function addDevCommand(program: Command): void {
  const command = program
    .command("dev")
    .description("regenerate on every save, and restart the server")
    .usage("[options] [options of serve]")
    .argument("[options of serve...]")
    .allowUnknownOption();
  addGenFlags(command)
    .option("--handlers <file>", "serve these handlers, and restart the server whenever something changes")
    .addHelpText(
      "after",
      "\nWhat is no option of dev goes to serve: --listen, --port, --home, --host-key, --authorized-keys.",
    )
    .action((serveArgs: readonly string[], { handlers, ...flags }: GenFlags & { readonly handlers?: string }) =>
      dev(generateOptions(flags), handlers, serveArgs),
    );
}

async function dev(
  options: GenerateOptions,
  handlers: string | undefined,
  serveArgs: readonly string[],
): Promise<void> {
  if (handlers === undefined && serveArgs.length > 0) {
    throw new UsageError(`dev without --handlers serves nothing, so it has no use for ${serveArgs.join(" ")}`);
  }
  await guardExit(options.schema ?? "schema/api.ts", () => watchAndServe(options, handlers, serveArgs));
}

async function watchAndServe(
  options: GenerateOptions,
  handlers: string | undefined,
  serveArgs: readonly string[],
): Promise<void> {
  const stopped = stopSignal();
  const served = handlers === undefined ? undefined : await serveAgainAndAgain(handlers, serveArgs, options);
  const watching = await watch(options, async ({ changed, result, error }) => {
    const cause = changed.length === 0 ? "" : `${changed.join(", ")} changed: `;
    if (result === undefined) {
      process.stderr.write(`${describeError(error)}\n`);
      return;
    }
    process.stdout.write(`${cause}${describeResult(result)}\n`);
    const wrote = result.written.length + result.removed.length > 0;
    if (wrote || changed.length === 0) await served?.restart();
  });
  process.stdout.write("watching; press Ctrl-C to end\n");
  await stopped;
  await Promise.all([served?.close(), watching.close()]);
}

/** A server that is started again whenever the handlers, or files they import, change. */
async function serveAgainAndAgain(
  handlers: string,
  serveArgs: readonly string[],
  options: GenerateOptions,
): Promise<{ restart(): Promise<void>; close(): Promise<void> }> {
  const bin = process.argv[1] ?? "sshrpc";
  const server = new ServerProcess([bin, "serve", "--handlers", handlers, ...serveArgs], (code) => {
    process.stderr.write(`the server ended (status ${code ?? "none"}); waiting for a change\n`);
  });
  const sources = new SourceFiles(process.cwd());
  const generated = resolve(options.out ?? "generated") + sep;
  const followed = (): readonly string[] => {
    sources.refresh();
    const { files, missing } = readSourceGraph(sources, resolve(handlers), new Problems());
    // Generated files change only after a run, which starts the server by itself.
    return [...files, ...missing].filter((file) => !file.startsWith(generated));
  };
  const files = new FileWatch((changed) => {
    process.stdout.write(
      `${changed.map((file) => sources.display(file)).join(", ")} changed: starting the server again\n`,
    );
    void files.follow(followed()).then(() => server.restart());
  });
  await files.follow(followed());
  return {
    restart: () => server.restart(),
    close: async () => {
      await Promise.all([server.close(), files.close()]);
    },
  };
}

/** Resolves at the first SIGINT or SIGTERM; the process then ends when everything is closed. */
function stopSignal(): Promise<void> {
  return new Promise((done) => {
    process.once("SIGINT", () => done());
    process.once("SIGTERM", () => done());
  });
}
