import { spawn } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { Logger } from "../../base/log.js";
import type { CliIo } from "../shared/io.js";

/** Milliseconds for a successor to start: its handlers and keys are loaded in this time. */
const START_TIMEOUT = 60_000;

const PASS_SOCKETS = fileURLToPath(new URL("../../../bin/pass-sockets.js", import.meta.url));

/** A server that others may take over. */
interface Takeover {
  /** Of the control socket. */
  readonly path: string;
  readonly log: Logger;
  /** The descriptors of the sockets that listen, by name. */
  readonly descriptors: () => readonly (readonly [name: string, fd: number])[];
}

/** Waits for a successor, on a control socket that its user alone may connect to. Its owner closes it. */
export interface Successors {
  /** Resolves when a successor serves: this process drains then. */
  readonly taken: Promise<"takeover">;
  close(): Promise<void>;
}

/**
 * Opens the control socket. The process has the port already: what is at the path is left from one that was killed.
 * @throws Error where it cannot listen there
 */
export async function awaitSuccessors({ path, log, descriptors }: Takeover, io: CliIo): Promise<Successors> {
  let isBusy = false;
  let took: (reason: "takeover") => void = () => undefined;
  const taken = new Promise<"takeover">((resolve) => {
    took = resolve;
  });
  const control = createServer({ pauseOnConnect: true }, (successor) => {
    successor.on("error", () => undefined);
    if (isBusy) {
      log.warn({}, "takeover refused: another one is under way");
      successor.destroy();
      return;
    }
    isBusy = true;
    passTo(successor, { io, log, sockets: descriptors(), release: close }).then(
      () => took("takeover"),
      (error: Error) => {
        isBusy = false;
        log.error({ reason: error.message }, "takeover failed; this process goes on");
      },
    );
  });
  const close = (): Promise<void> => new Promise((resolve) => control.close(() => resolve()));
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    control.once("error", reject).listen(path, () => {
      control.off("error", reject).on("error", () => undefined);
      resolve();
    });
  });
  chmodSync(path, 0o600);
  return { taken, close };
}

interface Passing {
  readonly io: CliIo;
  readonly log: Logger;
  readonly sockets: readonly (readonly [name: string, fd: number])[];
  /** Releases the path of the control socket, for that of the successor. */
  readonly release: () => Promise<void>;
}

/** Passes the sockets. @throws Error if the successor ends, or is not ready in time */
async function passTo(successor: Socket, { io, log, sockets, release }: Passing): Promise<void> {
  log.info({}, "a successor starts");
  const helper = spawn(io.execPath, [PASS_SOCKETS, ...sockets.map(([name]) => name)], {
    env: { NODE_CHANNEL_FD: "3" },
    stdio: ["pipe", "pipe", "ignore", successor, ...sockets.map(([, fd]) => fd)],
    timeout: START_TIMEOUT,
    killSignal: "SIGKILL",
  });
  // The helper has it now.
  successor.destroy();
  helper.stdin?.on("error", () => undefined);
  const ended = new Promise<string>((resolve) => {
    helper.once("error", ({ message }) => resolve(message));
    helper.once("exit", (status, signal) =>
      resolve(signal === null ? `status ${status}` : `no answer within ${START_TIMEOUT} ms`),
    );
  });
  const isReady = new Promise<true>((resolve) => helper.stdout?.once("data", () => resolve(true)));
  const outcome = await Promise.race([isReady, ended]);
  if (outcome !== true) throw new Error(`the successor ended before it was ready (${outcome})`);
  // Closed without waiting for connections: there are none but that of the successor, which the helper has.
  await release();
  helper.stdin?.end("released\n");
  await ended;
}
