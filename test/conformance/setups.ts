import { Duplex } from "node:stream";
import type { Transport } from "sshrpc/client";
import { generateKeyPair } from "sshrpc/testing";
import { memoryTransport } from "../../runtime/src/base/memory-transport.js";
import type { Peer } from "../../runtime/src/base/peer.js";
import { serveHandlers } from "../../runtime/src/compose/serve.js";
import { sshTransport } from "../../runtime/src/compose/ssh-transport.js";
import { ApiServer } from "../../runtime/src/server/api-server.js";
import type { ApiServerOptions } from "../../runtime/src/server/api-server-options.js";
import type { CloseOptions } from "../../runtime/src/server/shutdown.js";
import { Random, SEED } from "../unit/runtime/wire/random.js";
import { defineHandlers } from "./generated/server.js";
import { conformanceHandlers, Waits } from "./handlers.js";

/** A running server, and the transport to it. */
export interface Setup {
  readonly transport: Transport;
  readonly waits: Waits;
  /** The user of the peer. Default: alice. */
  readonly user?: string;
  /** The client's ends of the duplexes that `transport` has opened. */
  readonly duplexes: readonly Duplex[];
  /** Closes the server, with a grace where the setup supports one. */
  close(options?: CloseOptions): Promise<void>;
}

/** Starts a server that alice may call, with every scope but `secret:*`. */
export type Start = (options?: ApiServerOptions) => Promise<Setup>;

const ALICE: Peer = { user: "alice", scopes: ["items:*"] };
const log = { debug() {}, info() {}, warn() {}, error() {} };

export const inMemory: Start = async (options = {}) => {
  const waits = new Waits();
  const server = new ApiServer(defineHandlers(conformanceHandlers(waits)), { ...options, log });
  const { transport, duplexes } = watch(memoryTransport((duplex) => server.accept(duplex, ALICE)));
  return { transport, duplexes, waits, close: (options) => server.close(options) };
};

export const overSsh: Start = async (options = {}) => {
  const waits = new Waits();
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const server = await serveHandlers(defineHandlers(conformanceHandlers(waits)), {
    ...options,
    port: 0,
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [`scopes="items:*" ${alice.publicKey} alice`] },
    log,
  });
  const { transport, duplexes } = watch(
    sshTransport(`ssh://alice@127.0.0.1:${server.port}`, {
      identity: { privateKey: alice.privateKey },
      hostKey: server.fingerprints,
    }),
  );
  return { transport, duplexes, waits, close: (options) => server.close(options) };
};

/** The same setup, with the bytes of both directions cut into pieces of the sizes that `size` returns. */
export function inPieces(start: Start, size: () => number): Start {
  return async (options) => {
    const setup = await start(options);
    const { address, open } = setup.transport;
    return { ...setup, transport: { address, open: async (signal) => new Pieces(await open(signal), size) } };
  };
}

/** Random sizes from 1 to `max`; the name of the suite has the seed. */
export function randomSize(max: number): () => number {
  const random = new Random(SEED);
  return () => 1 + random.below(max);
}

/** The same transport, and the duplexes that it opens. */
export function watch(transport: Transport): { transport: Transport; duplexes: Duplex[] } {
  const duplexes: Duplex[] = [];
  const open: Transport["open"] = async (signal) => {
    const duplex = await transport.open(signal);
    duplexes.push(duplex);
    return duplex;
  };
  return { transport: { address: transport.address, open }, duplexes };
}

class Pieces extends Duplex {
  readonly #inner: Duplex;
  readonly #size: () => number;

  constructor(inner: Duplex, size: () => number) {
    super();
    this.#inner = inner;
    this.#size = size;
    inner.on("data", (chunk: Buffer) => {
      for (const piece of this.#cut(chunk)) this.push(piece);
      if (this.readableLength > 1 << 16) inner.pause();
    });
    inner.on("end", () => this.push(null));
    inner.on("close", () => this.destroy());
    inner.on("error", (error) => this.destroy(error));
  }

  *#cut(chunk: Buffer): Generator<Buffer> {
    for (let at = 0; at < chunk.length; ) {
      const size = this.#size();
      yield chunk.subarray(at, at + size);
      at += size;
    }
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const pieces = [...this.#cut(chunk)];
    for (const piece of pieces.slice(0, -1)) this.#inner.write(piece);
    this.#inner.write(pieces.at(-1), (error) => done(error));
  }

  override _final(done: () => void): void {
    this.#inner.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}
