import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How a process is started. */
export interface Command {
  readonly program: string;
  /** The first argument of the program, as JSON. */
  readonly config: object;
}

/** Bytes of standard error that are kept. */
const KEPT = 2000;

/** A running process, which is only ever signalled by its own number. */
export class Child {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly exited: Promise<string>;
  #stderr = "";
  #ended = false;
  #killed = false;

  constructor({ program, config }: Command) {
    const env = { ...process.env, NODE_OPTIONS: "", SSH_AUTH_SOCK: "", NO_COLOR: "1" };
    this.#process = spawn(process.execPath, [program, JSON.stringify(config)], { env, stdio: "pipe" });
    this.exited = new Promise((resolve) => {
      this.#process.once("error", (error) => resolve(`${error}`));
      this.#process.once("close", (code, signal) => resolve(code === null ? `${signal}` : `status ${code}`));
    }).then((how) => {
      this.#ended = true;
      return how as string;
    });
    this.#process.stdin?.on("error", () => undefined);
    let rest = "";
    this.#process.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() as string;
      this.#lines.push(...lines);
      this.#process.emit("lines");
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      this.#stderr = (this.#stderr + chunk).slice(-KEPT);
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Whether it has exited, or been killed by `kill`. */
  get isGone(): boolean {
    return this.#ended || this.#killed;
  }

  /** Whether `kill` has ended it. */
  get wasKilled(): boolean {
    return this.#killed;
  }

  send(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** The first line of standard output that starts with `start`. @throws Error if the process ends before */
  async line(start: string): Promise<string> {
    for (;;) {
      const found = this.#lines.find((line) => line.startsWith(start));
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`the process ended before it printed "${start}": ${this.#stderr}`);
      await Promise.race([once(this.#process, "lines"), this.exited]);
    }
  }

  /** SIGKILL, also to a stopped process. Resolves once it has exited. */
  async kill(): Promise<void> {
    if (!this.#ended) {
      this.#killed = true;
      this.#process.kill("SIGKILL");
    }
    await this.exited;
  }

  /** SIGTERM, upon which it is to end by itself. Resolves once it has exited; after `ms` it is killed. */
  async end(ms: number): Promise<void> {
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => void this.kill(), ms);
    await this.exited;
    clearTimeout(timer);
  }

  /**
   * Stops it for a time in ms, and resolves once it runs again. Another process sends both signals, so that the time ends also
   * if this one is killed meanwhile.
   */
  async stop(ms: number): Promise<void> {
    if (this.isGone || this.pid === undefined) return;
    const script = 'kill -STOP "$1" && sleep "$2"; kill -CONT "$1"';
    const args = ["-c", script, "sh", `${this.pid}`, `${ms / 1000}`];
    await once(spawn("sh", args, { stdio: "ignore" }), "close");
  }
}
