import { resolve, sep } from "node:path";
import type { Command } from "commander";
import { InvalidOptionsError } from "../base/invalid-options-error.js";
import { Problems } from "../base/problem.js";
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
    .description("watch the schema, regenerate on change and restart the server")
    .usage("[options] [serve options]")
    .argument("[serve options...]", "options of sshrpc serve, with --handlers")
    .allowUnknownOption();
  addGenFlags(command)
    .option("--handlers <file>", "run `sshrpc serve` with this handlers file and restart it on change")
    .addHelpText(
      "after",
      "\nOther options are passed to `sshrpc serve`, such as --listen, --port, --home, --host-key and --authorized-keys.",
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
    throw new InvalidOptionsError(`${serveArgs.join(" ")}: options of serve require --handlers`);
  }
  await guardExit(options.schema ?? "schema/api.ts", () => watchAndServe(options, handlers, serveArgs));
}

async function watchAndServe(
  options: GenerateOptions,
  handlers: string | undefined,
  serveArgs: readonly string[],
): Promise<void> {
  const stopped = stopSignal();
  const served = handlers === undefined ? undefined : await startServer(handlers, serveArgs, options);
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
  process.stdout.write("watching for changes; press Ctrl-C to stop\n");
  await stopped;
  await Promise.all([served?.close(), watching.close()]);
}

/** Starts the server, and restarts it when the handlers file or one of its imports changes. */
async function startServer(
  handlers: string,
  serveArgs: readonly string[],
  options: GenerateOptions,
): Promise<{ restart(): Promise<void>; close(): Promise<void> }> {
  const bin = process.argv[1] ?? "sshrpc";
  const server = new ServerProcess([bin, "serve", "--handlers", handlers, ...serveArgs], (code) => {
    process.stderr.write(`server exited with status ${code ?? "none"}; waiting for a change\n`);
  });
  const sources = new SourceFiles(process.cwd());
  const generated = resolve(options.out ?? "generated") + sep;
  const watchedFiles = (): readonly string[] => {
    sources.refresh();
    const { files, missing } = readSourceGraph(sources, resolve(handlers), new Problems());
    // A run that changes generated files restarts the server itself.
    return [...files, ...missing].filter((file) => !file.startsWith(generated));
  };
  const files = new FileWatch((changed) => {
    process.stdout.write(`${changed.map((file) => sources.display(file)).join(", ")} changed: restarting the server\n`);
    void files.follow(watchedFiles()).then(() => server.restart());
  });
  await files.follow(watchedFiles());
  return {
    restart: () => server.restart(),
    close: async () => {
      await Promise.all([server.close(), files.close()]);
    },
  };
}

/** Resolves at the first SIGINT or SIGTERM. */
function stopSignal(): Promise<void> {
  return new Promise((done) => {
    process.once("SIGINT", () => done());
    process.once("SIGTERM", () => done());
  });
}
