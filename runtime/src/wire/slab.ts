/** Bytes of a slab: two packets of the largest size that SSH implementations usually send. */
export const SLAB_SIZE = 64 * 1024;

/** Unused slabs that all connections of the process keep together: 2 MiB. */
const MAX_SPARE = 32;

const spare: Buffer[] = [];

/**
 * A buffer that frames are written into. It is reused once the transport has taken all of it: with new buffers for all data
 * of streams, the garbage collector dominates the CPU time (measured).
 */
export class Slab {
  readonly buffer = spare.pop() ?? Buffer.allocUnsafeSlow(SLAB_SIZE);
  #writes = 0;
  #retired = false;
  #lost = false;

  /** A part of it is being written. Returns the callback for when the transport has taken it. */
  sending(): (error?: Error | null) => void {
    this.#writes++;
    return this.#taken;
  }

  /** No more frames are written into it. */
  retire(): void {
    this.#retired = true;
    this.#reuse();
  }

  readonly #taken = (error?: Error | null): void => {
    this.#writes--;
    // A failed transport may still hold the memory.
    if (error) this.#lost = true;
    this.#reuse();
  };

  #reuse(): void {
    if (this.#retired && this.#writes === 0 && !this.#lost && spare.length < MAX_SPARE) spare.push(this.buffer);
  }
}
