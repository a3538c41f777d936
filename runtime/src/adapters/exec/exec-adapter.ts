import { MAX_TIMEOUT } from "../../base/check-number.js";
import type { Logger } from "../../base/log.js";
import type { ApiServer } from "../../server/api-server.js";
import type { ChannelHandler } from "../../ssh/server/channel-handler.js";
import { exec as runExec } from "./exec.js";
import type { ExecAdapterOptions } from "./exec-options.js";

/** What the exec adapter is built from. */
interface ExecAdapterConfig {
  readonly server: ApiServer;
  readonly log: Logger;
  readonly exec?: boolean | ExecAdapterOptions;
}

/**
 * The exec adapter: `ssh host GET /notes/42`. Undefined where the option `exec` is false.
 * @throws Error that names an invalid option
 */
export function execAdapter(options: ExecAdapterConfig): ChannelHandler<"exec"> | undefined {
  const { server, log } = options;
  const config = { server, log, inputTimeout: inputTimeoutOf(options) };
  if (options.exec === false) return undefined;
  return {
    name: "exec",
    match: ({ kind }) => kind === "exec",
    run: (session, { command }) => void runExec(session, command, config),
  };
}

/** See {@link ExecAdapterOptions.inputTimeout}. */
export const INPUT_TIMEOUT = 60_000;

/** The timeout for standard input. The shell adapter reads requests, too. @throws Error where it is out of range */
export function inputTimeoutOf({ exec = true }: Pick<ExecAdapterConfig, "exec">): number {
  const { inputTimeout = INPUT_TIMEOUT } = typeof exec === "boolean" ? {} : exec;
  if (inputTimeout >= 1 && inputTimeout <= MAX_TIMEOUT) return inputTimeout;
  throw new Error(`exec.inputTimeout: ${inputTimeout}: must be from 1 to ${MAX_TIMEOUT} ms`);
}
