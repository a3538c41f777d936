import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How long a server may take to end by itself, in milliseconds, before it is killed. */
const GRACE = 5_000;

/** The server that `dev` runs, as a process of its own: started, and started again. */
export class ServerProcess {
  readonly #args: readonly string[];
  readonly #onExit: (code: number | null) => void;
  #child: ChildProcess | undefined;
  #queue: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * @param args what Node is started with.
   * @param onExit is told the exit code of a server that ended without being asked.
   */
  constructor(args: readonly string[], onExit: (code: number | null) => void) {
    this.#args = args;
    this.#onExit = onExit;
  }

  /** Starts the server, after the one before it has ended. */
  restart(): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      await this.#stop();
      if (!this.#closed) this.#start();
    });
    return this.#queue;
  }

  /** Ends the server for good. */
  close(): Promise<void> {
    this.#closed = true;
    this.#queue = this.#queue.then(() => this.#stop());
    return this.#queue;
  }

  #start(): void {
    const child = spawn(process.execPath, this.#args, { stdio: ["ignore", "inherit", "inherit"] });
    this.#child = child;
    child.once("exit", (code) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      // Ctrl-C in a terminal reaches the server as well as this process.
      if (!this.#closed) this.#onExit(code);
    });
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), GRACE);
    await ended;
    clearTimeout(timer);
  }
}
