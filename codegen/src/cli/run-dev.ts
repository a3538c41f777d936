import { once } from "node:events";
import { resolve } from "node:path";
import { InvalidOptionsError } from "../base/invalid-options-error.js";
import { FileWatch } from "../file-watch.js";
import type { GenerateOptions } from "../options.js";
import { type WatchRun, watch } from "../watch.js";
import { HandlerSources } from "./handler-sources.js";
import type { CodegenIo } from "./io.js";
import { describeError, describeResult } from "./report.js";
import { ServerProcess } from "./server-process.js";
import { type TypeCheck, typeCheckOf } from "./type-check.js";

/** What `dev` watches and serves. */
interface DevRun {
  readonly options: GenerateOptions;
  readonly handlers: string | undefined;
  /** The config file that `--config` names. */
  readonly config: string | undefined;
  readonly serveArgs: readonly string[];
}

/** Runs `sshrpc dev` until the first SIGINT, SIGTERM or SIGHUP. */
export async function dev(run: DevRun, io: CodegenIo): Promise<void> {
  const { handlers, serveArgs } = run;
  if (handlers === undefined && serveArgs.length > 0) {
    throw new InvalidOptionsError(`${serveArgs.join(" ")}: options of serve require --handlers`);
  }
  await untilStopped(io, (signal) => watchAndServe(run, io, signal));
}

async function watchAndServe(run: DevRun, io: CodegenIo, signal: AbortSignal): Promise<void> {
  const found = typeCheckOf(run.handlers ?? run.options.schema ?? "schema/api.ts", io);
  if (typeof found === "string") io.stdout.write(`${found}\n`);
  const types = typeof found === "string" ? undefined : found;
  const served = run.handlers === undefined ? undefined : await startServer(run, run.handlers, { io, types });
  const onRun = async ({ changed, result, error }: WatchRun): Promise<void> => {
    const cause = changed.length === 0 ? "" : `${changed.join(", ")} changed: `;
    if (result === undefined) {
      io.stderr.write(`${describeError(error)}\n`);
      return;
    }
    io.stdout.write(`${cause}${describeResult(result)}\n`);
    types?.run();
    const wrote = result.written.length + result.removed.length > 0;
    if (wrote || changed.length === 0) await served?.restart();
  };
  const watching = await watch(run.options, onRun, signal);
  if (!signal.aborted) {
    io.stdout.write("watching for changes; press Ctrl-C to stop\n");
    await once(signal, "abort");
  }
  await Promise.all([served?.close(), watching.close(), types?.close()]);
}

/** Starts the server, and restarts it when the handlers or one of their imports change, or has it load them again. */
async function startServer(
  { options, config, serveArgs }: DevRun,
  handlers: string,
  { io, types }: { readonly io: CodegenIo; readonly types: TypeCheck | undefined },
): Promise<{ restart(): Promise<void>; close(): Promise<void> }> {
  const bin = io.argv[1] ?? "sshrpc";
  const configArgs = config === undefined ? [] : ["--config", config];
  const args = ["--handlers", handlers, ...configArgs, ...withLogLevel(serveArgs, io)];
  const server = new ServerProcess([bin, "serve", ...args], io, (code) => {
    io.stderr.write(`server exited with status ${code ?? "none"}; waiting for a change\n`);
  });
  const sources = new HandlerSources(resolve(io.cwd(), handlers), options.out ?? "generated", io.cwd());
  const files = new FileWatch((changed) => {
    const isReload = sources.canReload(changed);
    const names = changed.map((file) => sources.display(file)).join(", ");
    io.stdout.write(`${names} changed: ${isReload ? "reloading the handlers" : "restarting the server"}\n`);
    types?.run();
    void files.follow(sources.watched()).then(() => (isReload ? server.reload() : server.restart()));
  });
  await files.follow(sources.watched());
  return {
    restart: () => server.restart(),
    close: async () => {
      await Promise.all([server.close(), files.close()]);
    },
  };
}

/** In development, each call has a line. */
function withLogLevel(serveArgs: readonly string[], { env }: CodegenIo): readonly string[] {
  const isSet = serveArgs.some((arg) => /^--log-level(=|$)/.test(arg)) || env["SSHRPC_LOG_LEVEL"] !== undefined;
  return isSet ? serveArgs : [...serveArgs, "--log-level", "debug"];
}

/** Runs `run`, and removes its listeners. @param run receives a signal that aborts at the first SIGINT or SIGTERM */
async function untilStopped(io: CodegenIo, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  // SIGHUP means that the terminal is closed: what changes is watched. A second signal has its default effect.
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const stop = (): void => {
    for (const signal of signals) io.off(signal, stop);
    controller.abort();
  };
  for (const signal of signals) io.on(signal, stop);
  await run(controller.signal).finally(stop);
}
