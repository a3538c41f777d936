import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { CodegenIo } from "./io.js";

/** The program, environment and directory of the server process. */
type ProcessSource = Pick<CodegenIo, "execPath" | "env" | "cwd">;

/** The time between SIGTERM and SIGKILL, in ms. */
const GRACE = 5_000;

/** The server process of `dev`. */
export class ServerProcess {
  readonly #args: readonly string[];
  readonly #source: ProcessSource;
  readonly #onExit: (code: number | null) => void;
  #child: ChildProcess | undefined;
  /** Whether a server has run until it was stopped: the next one need not introduce itself. */
  #isKnown = false;
  /** Whether the running server was asked to reload. It may have ended before, because of what has changed since. */
  #isAsked = false;
  #queue: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * @param args the arguments for Node.
   * @param onExit receives the exit code of a server that exits by itself.
   */
  constructor(args: readonly string[], source: ProcessSource, onExit: (code: number | null) => void) {
    this.#args = args;
    this.#source = source;
    this.#onExit = onExit;
  }

  /** Stops the running server, if any, and starts a new one. */
  restart(): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      await this.#stop();
      if (!this.#closed) this.#start();
    });
    return this.#queue;
  }

  /** Asks the running server to load its handlers again, or starts one. */
  reload(): Promise<void> {
    this.#queue = this.#queue.then(() => {
      if (this.#child?.connected) {
        this.#isAsked = true;
        this.#child.send("reload-handlers", () => undefined);
      } else if (!this.#closed) this.#start();
    });
    return this.#queue;
  }

  /** Stops the server. It cannot be restarted. */
  close(): Promise<void> {
    this.#closed = true;
    this.#queue = this.#queue.then(() => this.#stop());
    return this.#queue;
  }

  #start(): void {
    const { execPath, env } = this.#source;
    const child = spawn(execPath, [...this.#args, ...(this.#isKnown ? ["--brief"] : [])], {
      cwd: this.#source.cwd(),
      env,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child = child;
    this.#isAsked = false;
    child.once("exit", (code) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      // Ctrl-C in a terminal signals the server, too.
      if (this.#closed) return;
      if (this.#isAsked) this.#start();
      else this.#onExit(code);
    });
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#isKnown = true;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), GRACE);
    await ended;
    clearTimeout(timer);
  }
}
