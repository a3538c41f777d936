import type { Writable } from "node:stream";

/** The signals that end `dev`. */
type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** What commands use of the process. `sshrpc` passes it. */
export interface CodegenIo {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Node, and the script after it: `dev` starts `serve` with these. */
  readonly execPath: string;
  readonly argv: readonly string[];
  /** The directory to which file names are relative. */
  cwd(): string;
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
}
