import { Duplex } from "node:stream";
import type { Transport } from "./transport.js";

/**
 * A transport within the process: no SSH, no port, the same frames. Each `open` makes a pair of duplexes, gives one end
 * to `accept` and the other to the caller.
 */
export function memoryTransport(accept: (duplex: Duplex) => void): Transport {
  return {
    address: "memory",
    open: async () => {
      const [near, far] = duplexPair();
      accept(far);
      return near;
    },
  };
}

/** Two duplexes, each of which reads what is written to the other. When one closes, so does the other. */
export function duplexPair(): [Duplex, Duplex] {
  const near = new PairedDuplex();
  const far = new PairedDuplex();
  near.other = far;
  far.other = near;
  return [near, far];
}

/**
 * Lets the other end of {@link duplexPair} read the very memory that is written to this one, in place of a copy: whoever
 * asks writes here alone, and never changes that memory again. Gives whether it is so: not for any other duplex, also
 * where that is a wrapper of such an end, for which a write is over once it is called back for.
 */
export function handOver(duplex: Duplex): boolean {
  if (!(duplex instanceof PairedDuplex)) return false;
  duplex.copies = false;
  return true;
}

/** Bytes that may wait at each end: as many as a channel's duplex holds. */
const HIGH_WATER_MARK = 256 * 1024;

class PairedDuplex extends Duplex {
  constructor() {
    super({ highWaterMark: HIGH_WATER_MARK });
  }

  other: PairedDuplex | undefined;
  /** Whether the writer may use its memory again, as with any duplex. */
  copies = true;
  #continue: (() => void) | undefined;

  override _read(): void {
    const next = this.#continue;
    this.#continue = undefined;
    next?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    // Never within the write itself, as on no other line: the writer would meet the answer before it has finished.
    process.nextTick(() => this.#deliver([{ chunk }], done));
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    process.nextTick(() => this.#deliver(chunks, done));
  }

  #deliver(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    const { other } = this;
    if (other === undefined || other.destroyed) {
      done(new Error("the other end is closed"));
      return;
    }
    let flowing = true;
    for (const { chunk } of chunks) flowing = other.push(this.copies ? Buffer.from(chunk) : chunk);
    // The next write waits until the other end has asked for more: that is its back pressure.
    if (!flowing) other.#continue = done;
    else setImmediate(done);
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // An end that was not finished is a peer that was killed: the other one closes at once.
    if (!this.writableFinished) this.other?.destroy();
    this.#continue?.();
    done(error);
  }
}
