import type { Duplex } from "node:stream";
import type { Peer } from "../../base/peer.js";
import type { Session, SessionTerminal } from "../../base/session.js";
import type { Stdio } from "./take-stdio.js";

/** Interval in ms of the checks whether the parent process, sshd, is still running. */
const PARENT_CHECK_INTERVAL = 1000;

/** A session over the standard streams of this process, which sshd started for this session alone. */
export class StdioSession implements Session {
  readonly peer: Peer;
  readonly environment: ReadonlyMap<string, string>;
  readonly terminal?: SessionTerminal;
  #resized: (() => void) | undefined;
  readonly #stdio: Stdio;
  readonly #aborter = new AbortController();
  readonly #closed: Promise<void>;

  constructor(stdio: Stdio, peer: Peer, env: NodeJS.ProcessEnv) {
    this.#stdio = stdio;
    this.peer = peer;
    this.environment = new Map(
      Object.entries(env).flatMap(([name, value]) => (name.startsWith("RPC_") && value ? [[name, value]] : [])),
    );
    if (process.stdin.isTTY && process.stdout.isTTY) this.terminal = this.#takeTerminal(env);
    this.#closed = new Promise((resolve) => {
      stdio.stream.once("close", () => {
        this.#aborter.abort();
        resolve();
      });
    });
    this.#watchParent();
  }

  onResize(listener: () => void): void {
    this.#resized = listener;
  }

  /** sshd does not forward signals to this process. */
  onSignal(): void {}

  get stream(): Duplex {
    return this.#stdio.stream;
  }

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  async writeError(text: string): Promise<void> {
    const { stream } = this.#stdio;
    // An empty write completes after all earlier ones.
    if (stream.writable) {
      await Promise.race([new Promise<void>((resolve) => stream.write("", () => resolve())), this.#closed]);
    }
    await Promise.race([this.#stdio.writeError(text), this.#closed]);
  }

  async exit(status: number): Promise<void> {
    const { stream } = this.#stdio;
    process.exitCode = status;
    await Promise.race([new Promise<void>((resolve) => stream.end(resolve)), this.#closed]);
    stream.destroy();
    await this.#closed;
  }

  /** Switches the terminal to raw mode: input arrives key by key. */
  #takeTerminal({ TERM = "dumb" }: NodeJS.ProcessEnv): SessionTerminal {
    const { stdin, stdout } = process;
    stdin.setRawMode(true);
    stdout.on("resize", () => this.#resized?.());
    return {
      type: TERM,
      get columns() {
        // Some clients send 0 for an unknown size.
        return stdout.columns || 80;
      },
      get rows() {
        return stdout.rows || 24;
      },
    };
  }

  /**
   * Destroys the stream when sshd exits, which changes the parent of this process: the end of the input does not mean that
   * the peer is gone, and without output no write fails. The timer also keeps the process alive during the session.
   */
  #watchParent(): void {
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid !== parent) this.#stdio.stream.destroy();
    }, PARENT_CHECK_INTERVAL);
    void this.#closed.then(() => clearInterval(timer));
  }
}
