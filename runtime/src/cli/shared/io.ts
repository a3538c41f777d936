import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { homedir } from "node:os";
import { isAbsolute, join, resolve, sep } from "node:path";
import type { Readable, Writable } from "node:stream";
import { holdsKey } from "../../base/printable.js";
import type { ErrorEvent } from "../../compose/handle-rejections.js";

/** A standard stream for output. */
type OutputSink = Writable & { readonly isTTY?: boolean; readonly columns?: number | undefined };

/** The signals that end `serve` and `dev`. */
type StopSignal = "SIGINT" | "SIGTERM";

/** What commands listen to. */
type IoEvent = StopSignal | ErrorEvent | "SIGHUP" | "SIGUSR1" | "exit" | "message" | "disconnect";

/**
 * What commands use of the process; `process` is one. Two parts of a command use the process itself: the SSH client, which
 * reads its agent and the files in `~/.ssh`, and `serve --stdio`, which serves the standard streams of the process.
 */
export interface CliIo {
  readonly stdin: Readable;
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The process id, for lock files. */
  readonly pid: number;
  /** The process id of the parent, which changes when the parent ends. */
  readonly ppid?: number;
  /** Sends a message on the IPC channel; absent without one. */
  send?(message: unknown, handle?: Socket, options?: undefined, done?: (error: Error | null) => void): unknown;
  /** Whether the channel is open. */
  readonly connected?: boolean;
  /** Closes the IPC channel. */
  disconnect?(): void;
  /** Node, and the script after it: `dev` starts `serve` with these. */
  readonly execPath: string;
  readonly argv: readonly string[];
  /** The options of Node itself. */
  readonly execArgv?: readonly string[];
  /** The directory to which file names are relative. */
  cwd(): string;
  on(event: IoEvent, listener: (error: unknown, handle?: unknown) => void): unknown;
  off(event: IoEvent, listener: (error: unknown, handle?: unknown) => void): unknown;
  /** Whether the process has a controlling terminal. Default: whether /dev/tty can be opened. */
  readonly hasTerminal?: boolean;
  removeAllListeners(event: "exit"): unknown;
  /** Sends a signal to a process: to this one, to end by it. */
  kill?(pid: number, signal: StopSignal): unknown;
  /** Ends the process at once. Default: with the exit status that was set before. */
  exit(status?: number): void;
}

/** The home directory of the user. */
export function homeOf({ env }: CliIo): string {
  return env[sep === "/" ? "HOME" : "USERPROFILE"] ?? homedir();
}

/**
 * The path of a file that the command line names. A name that refers to the same file in the process is returned unchanged,
 * for messages; so is the text of a key.
 */
export function pathOf(io: CliIo, name: string): string {
  if (isAbsolute(name) || holdsKey(name)) return name;
  if (name.startsWith("~/")) return homeOf(io) === homedir() ? name : join(homeOf(io), name.slice(2));
  const path = resolve(io.cwd(), name);
  return path === resolve(name) ? name : path;
}

/** Whether SIGHUP means that the terminal was closed. */
export function hasTerminal(io: CliIo): boolean {
  if (io.hasTerminal !== undefined) return io.hasTerminal;
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false;
  }
}

/** Resolves with the first SIGINT or SIGTERM, or with what `ended` resolves with. The next signal has its default effect. */
export function stopSignal<Reason>(io: CliIo, ended?: Promise<Reason>): Promise<StopSignal | Reason> {
  return new Promise((done) => {
    const stop = (reason: StopSignal | Reason): void => {
      io.off("SIGINT", onInterrupt);
      io.off("SIGTERM", onTerminate);
      done(reason);
    };
    const onInterrupt = (): void => stop("SIGINT");
    const onTerminate = (): void => stop("SIGTERM");
    io.on("SIGINT", onInterrupt);
    io.on("SIGTERM", onTerminate);
    void ended?.then(stop);
  });
}
