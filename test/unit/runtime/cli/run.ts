import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { run } from "../../../../runtime/src/cli/main.js";
import type { CliIo } from "../../../../runtime/src/cli/shared/io.js";
import { until } from "../support/wait.js";

/** The compiled program. */
export const BIN = fileURLToPath(new URL("../../../../runtime/bin/sshrpc.js", import.meta.url));

// The SSH client reads its agent and the files in ~/.ssh from the process.
process.env["HOME"] = join(tmpdir(), "sshrpc-no-home");
process.env["SSH_AUTH_SOCK"] = "";

/** How a command ended. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  /** Default: an empty directory. */
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
  /** The error code of every write to standard output. Default: writes succeed. */
  readonly stdoutError?: string;
  /** The program of further processes. Default: that of this one. */
  readonly execPath?: string;
  /** Makes standard output a terminal. */
  readonly terminal?: { readonly columns: number };
}

/** A standard stream whose text a test reads. */
class Sink extends Writable {
  readonly #chunks: Buffer[] = [];
  readonly #error: Error | undefined;
  readonly isTTY: boolean;
  readonly columns: number | undefined;

  constructor({ stdoutError: code, terminal }: RunOptions = {}) {
    // The standard streams of a process are not destroyed either.
    super({ autoDestroy: false });
    this.#error = code === undefined ? undefined : Object.assign(new Error(code), { code });
    this.isTTY = terminal !== undefined;
    this.columns = terminal?.columns;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#error === undefined) this.#chunks.push(chunk);
    done(this.#error);
  }
}

/** What a command sees of its process, with its own streams, directory and home. */
export class TestIo extends EventEmitter implements CliIo {
  readonly stdin: Readable;
  readonly stdout: Sink;
  readonly stderr = new Sink();
  readonly env: NodeJS.ProcessEnv;
  readonly pid = process.pid;
  /** Tests may run at a terminal. */
  readonly hasTerminal = false;
  readonly execPath: string;
  readonly argv = [process.execPath, BIN];
  readonly #cwd: string;

  constructor(cwd: string, options: RunOptions) {
    super();
    const { stdin = "", env, execPath = process.execPath } = options;
    this.execPath = execPath;
    this.stdout = new Sink(options);
    this.#cwd = cwd;
    this.stdin = Readable.from(stdin === "" ? [] : [Buffer.from(stdin)], { objectMode: false });
    this.env = { HOME: cwd, ...env };
  }

  cwd(): string {
    return this.#cwd;
  }

  /** Statuses with which the process would have ended at once. */
  readonly exits: (number | undefined)[] = [];

  exit(status?: number): void {
    this.exits.push(status);
  }

  /** The events that still have listeners. */
  get leftovers(): readonly string[] {
    const streams = [this.stdout, this.stderr].flatMap((stream) =>
      stream.listenerCount("error") > 0 ? ["error"] : [],
    );
    return [...streams, ...this.eventNames().map(String)];
  }
}

/** A command that runs in this process. */
export interface RunningCommand {
  /** Resolves when the command has ended. */
  readonly ended: Promise<Outcome>;
  /** Its output so far. */
  readonly output: () => { readonly stdout: string; readonly stderr: string };
  /** Waits until standard output contains this. */
  readonly prints: (pattern: RegExp) => Promise<void>;
  readonly signal: (name: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGUSR1") => void;
  /** The statuses with which it would have ended the process at once. */
  readonly exits: readonly (number | undefined)[];
}

/** Starts `sshrpc` in this process. A test that ends first sends SIGTERM, and waits for the end. */
export function start(args: readonly string[], options: RunOptions = {}): RunningCommand {
  const cwd = options.cwd ?? tempDir();
  const io = new TestIo(cwd, options);
  // Where the working directory is not that of the process, commands name files by their absolute paths.
  const output = () => ({
    stdout: io.stdout.text.replaceAll(`${cwd}/`, ""),
    stderr: io.stderr.text.replaceAll(`${cwd}/`, ""),
  });
  const ended = run(args, io).then((status) => {
    expect(io.leftovers, "events with listeners").toEqual([]);
    return { status, ...output() };
  });
  onTestFinished(async () => {
    io.emit("SIGTERM");
    await ended;
  });
  return {
    ended,
    output,
    prints: async (pattern) => {
      const outcome = await Promise.race([ended, until(`${pattern}`, () => pattern.test(output().stdout))]);
      if (typeof outcome === "object") throw new Error(`the command ended: ${outcome.stderr}`);
    },
    signal: (name) => void io.emit(name),
    exits: io.exits,
  };
}

/** Runs `sshrpc` in this process, in an empty directory that is its home, too. */
export function sshrpc(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return start(args, options).ended;
}

/** Runs the compiled `sshrpc` in its own process, and kills it where it does not end. */
export async function sshrpcProcess(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const cwd = options.cwd ?? tempDir();
  const env = { ...process.env, HOME: cwd, SSH_AUTH_SOCK: "", NO_COLOR: "1", NODE_OPTIONS: "", ...options.env };
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env, timeout: 45_000, killSignal: "SIGKILL" });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  }
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve(code));
  });
  return { status, ...text };
}

/** The SHA256 fingerprint of a line of authorized_keys, as `ssh-keygen -l` prints it. */
export function fingerprintOf(line: string): string {
  const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** A directory that goes away with the test, with these files in it. */
export function tempDir(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), "sshrpc-cli-"));
  // A process that ends may still write.
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}
