import type { Duplex } from "node:stream";
import { duplexPair } from "../../../../runtime/src/base/memory-transport.js";
import type { Peer } from "../../../../runtime/src/base/peer.js";
import type { Session, SessionTerminal } from "../../../../runtime/src/base/session.js";
import { ALICE } from "../support/server.js";

/** How a session in memory begins. */
export interface MemorySessionOptions {
  readonly peer?: Peer;
  readonly environment?: Readonly<Record<string, string>>;
  readonly terminal?: SessionTerminal;
}

/** A session without SSH, and what its peer sees of it. */
export class MemorySession implements Session {
  readonly peer: Peer;
  readonly environment: ReadonlyMap<string, string>;
  readonly terminal?: SessionTerminal;
  readonly stream: Duplex;
  /** The peer's end: what it writes is standard input. */
  readonly remote: Duplex;
  onResize?: () => void;
  onSignal?: (name: string) => void;
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

/** What came of a session that has ended. */
export interface Outcome {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Gives a session its input, ends that, and takes what it writes until it exits. */
export async function finish(session: MemorySession, input: string | Buffer = ""): Promise<Outcome> {
  session.remote.end(input);
  const chunks: Buffer[] = [];
  session.remote.on("data", (chunk: Buffer) => chunks.push(chunk));
  const status = await session.exited;
  if (!session.remote.readableEnded) await new Promise((resolve) => session.remote.once("end", resolve));
  return { status, stdout: Buffer.concat(chunks), stderr: session.stderr };
}
