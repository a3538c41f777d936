import type { Duplex } from "node:stream";
import type { Peer } from "../../base/peer.js";
import type { Session, SessionTerminal } from "../../base/session.js";
import type { Stdio } from "./take-stdio.js";

/** Milliseconds between two looks at whether sshd is still there. */
const WATCH = 1000;

/** A session over the standard streams of this process, which sshd started for it alone. */
export class StdioSession implements Session {
  readonly peer: Peer;
  readonly environment: ReadonlyMap<string, string>;
  readonly terminal?: SessionTerminal;
  #resized: (() => void) | undefined;
  readonly #stdio: Stdio;
  readonly #gone = new AbortController();
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
        this.#gone.abort();
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
    return this.#gone.signal;
  }

  async writeError(text: string): Promise<void> {
    const { stream } = this.#stdio;
    // An empty write is done when those before it are.
    if (stream.writable)
      await Promise.race([new Promise<void>((resolve) => stream.write("", () => resolve())), this.#closed]);
    await Promise.race([this.#stdio.writeError(text), this.#closed]);
  }

  async exit(status: number): Promise<void> {
    const { stream } = this.#stdio;
    process.exitCode = status;
    await Promise.race([new Promise<void>((resolve) => stream.end(resolve)), this.#closed]);
    stream.destroy();
    await this.#closed;
  }

  /** From here on each key comes as it is typed. */
  #takeTerminal({ TERM = "dumb" }: NodeJS.ProcessEnv): SessionTerminal {
    const { stdin, stdout } = process;
    stdin.setRawMode(true);
    stdout.on("resize", () => this.#resized?.());
    return {
      type: TERM,
      get columns() {
        // Some clients say 0 where they do not know.
        return stdout.columns || 80;
      },
      get rows() {
        return stdout.rows || 24;
      },
    };
  }

  /**
   * The end of the input is no sign that the peer is gone, and without output to write nothing else is. Where sshd itself
   * is gone, somebody else has become the parent of this process. It also keeps the process alive while the session is.
   */
  #watchParent(): void {
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid !== parent) this.#stdio.stream.destroy();
    }, WATCH);
    void this.#closed.then(() => clearInterval(timer));
  }
}
