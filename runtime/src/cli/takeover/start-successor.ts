import { type ChildProcess, spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { constants } from "node:os";
import { type CliIo, hasTerminal } from "../shared/io.js";
import { PARENT } from "./predecessor.js";

/** Connects to the control socket of a running server; undefined if none runs. */
export async function connectToRunning(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else reject(new Error(`takeover: cannot connect to ${path} (${error.code})`, { cause: error }));
    });
  });
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const;

/**
 * Runs the same command in a child process whose IPC channel is the connection to the running server: only a child process can receive
 * descriptors. This process waits for its end, and passes signals on.
 * @returns the exit status of the child
 */
export async function startSuccessor(running: Socket, io: CliIo): Promise<number> {
  const isTerminal = hasTerminal(io);
  const child = spawn(io.execPath, [...(io.execArgv ?? []), ...io.argv.slice(1)], {
    cwd: io.cwd(),
    env: { ...io.env, NODE_CHANNEL_FD: "3", [PARENT]: String(io.pid) },
    stdio: ["inherit", "inherit", "inherit", running],
    // In a session of its own, so that Ctrl+C reaches it once: from this process.
    detached: true,
  });
  running.on("error", () => undefined).destroy();
  const stop = passSignals(io, child, isTerminal);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (status, signal) =>
        resolve(status ?? 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0))),
      );
    });
  } finally {
    stop();
  }
}

/** The child has no terminal: that this one was closed is an end for it. */
function passSignals(io: CliIo, child: ChildProcess, isTerminal: boolean): () => void {
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => void child.kill(signal === "SIGHUP" && isTerminal ? "SIGTERM" : signal);
    io.on(signal, listener);
    return [signal, listener] as const;
  });
  return () => {
    for (const [signal, listener] of listeners) io.off(signal, listener);
  };
}
