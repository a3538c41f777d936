import { Duplex } from "node:stream";
import { HIGH_WATER_MARK, type Transport } from "./transport.js";

/**
 * A transport within the process: no SSH, no port, the same frames. Each `open` creates a pair of duplexes, passes one end
 * to `accept`, and returns the other.
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

/**
 * Two duplexes within the process, each of which reads what is written to the other, with backpressure: 256 KiB may wait at each
 * end. Their owners close them; when one closes, so does the other.
 */
export function duplexPair(): [Duplex, Duplex] {
  const near = new PairedDuplex();
  return [near, new PairedDuplex(near)];
}

/**
 * Makes the other end of a {@link duplexPair} read the written memory itself instead of a copy. There must be only one
 * writer, and it must never change that memory again. Returns false, without effect, for any other duplex: the writer to a
 * wrapper of an end may reuse its memory after the callback of a write.
 */
export function shareMemory(duplex: Duplex): boolean {
  if (!(duplex instanceof PairedDuplex)) return false;
  duplex.stopCopying();
  return true;
}

class PairedDuplex extends Duplex {
  #other: PairedDuplex | undefined;
  #copies = true;
  #continue: (() => void) | undefined;

  /** @param other the first end of the pair; absent for the first end itself */
  constructor(other?: PairedDuplex) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#other = other;
    if (other !== undefined) other.#other = this;
  }

  stopCopying(): void {
    this.#copies = false;
  }

  override _read(): void {
    const next = this.#continue;
    this.#continue = undefined;
    next?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    // Asynchronous, as with any other transport: the answer must not arrive before the write returns.
    process.nextTick(() => this.#deliver([{ chunk }], done));
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    process.nextTick(() => this.#deliver(chunks, done));
  }

  #deliver(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    const other = this.#other;
    if (other === undefined || other.destroyed) {
      done(new Error("the other end is closed"));
      return;
    }
    let flowing = true;
    for (const { chunk } of chunks) flowing = other.push(this.#copies ? Buffer.from(chunk) : chunk);
    // Backpressure: the next write waits until the other end reads.
    if (!flowing) other.#continue = done;
    else setImmediate(done);
  }

  override _final(done: () => void): void {
    this.#other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // An end that is destroyed before it has finished is a killed peer: the other end closes at once.
    if (!this.writableFinished) this.#other?.destroy();
    this.#continue?.();
    done(error);
  }
}
