import type { Duplex } from "node:stream";
import { duplexPair } from "../../../../runtime/src/base/memory-transport.js";
import type { Peer } from "../../../../runtime/src/base/peer.js";
import type { Session, SessionTerminal } from "../../../../runtime/src/base/session.js";
import { ALICE } from "../support/server.js";

/** Options of a session in memory. */
export interface MemorySessionOptions {
  readonly peer?: Peer;
  readonly environment?: Readonly<Record<string, string>>;
  readonly terminal?: SessionTerminal;
}

/** A session without SSH, with both of its ends. */
export class MemorySession implements Session {
  readonly peer: Peer;
  readonly environment: ReadonlyMap<string, string>;
  readonly terminal?: SessionTerminal;
  readonly stream: Duplex;
  /** The peer's end: it writes standard input, and reads standard output. */
  readonly remote: Duplex;
  /** Tells the server that the terminal has another size. */
  resize: () => void = () => undefined;
  /** Sends a signal to the server. */
  sendSignal: (name: string) => void = () => undefined;
  /** Standard error so far. */
  stderr = "";
  /** Resolves with the exit status. */
  readonly exited: Promise<number>;
  readonly #gone = new AbortController();
  #exit: (status: number) => void = () => undefined;

  constructor({ peer = ALICE, environment = {}, terminal }: MemorySessionOptions = {}) {
    this.peer = peer;
    this.environment = new Map(Object.entries(environment));
    if (terminal !== undefined) this.terminal = terminal;
    [this.stream, this.remote] = duplexPair();
    this.stream.on("error", () => undefined).once("close", () => this.#gone.abort());
    this.remote.on("error", () => undefined);
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
  }

  onResize(listener: () => void): void {
    this.resize = listener;
  }

  onSignal(listener: (name: string) => void): void {
    this.sendSignal = listener;
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  async writeError(text: string): Promise<void> {
    this.stderr += text;
  }

  async exit(status: number): Promise<void> {
    this.stream.end();
    this.#exit(status);
  }
}

/** The outcome of a session. */
export interface Outcome {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Sends a session its whole input, and collects its output until it exits. */
export async function finish(session: MemorySession, input: string | Buffer = ""): Promise<Outcome> {
  session.remote.end(input);
  const chunks: Buffer[] = [];
  session.remote.on("data", (chunk: Buffer) => chunks.push(chunk));
  const status = await session.exited;
  if (!session.remote.readableEnded) await new Promise((resolve) => session.remote.once("end", resolve));
  return { status, stdout: Buffer.concat(chunks), stderr: session.stderr };
}
