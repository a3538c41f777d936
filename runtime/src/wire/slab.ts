/** Bytes of a slab: two packets of the largest size that SSH peers send as a rule. */
export const SLAB_SIZE = 64 * 1024;

/** How many slabs are kept for later, by all connections of the process together: 2 MiB. */
const MAX_SPARE = 32;

const spare: Buffer[] = [];

/**
 * Memory that frames are written into. It is used again once the transport has taken all that was sent of it: new memory
 * for all that streams send would keep the garbage collector busier than anything else (measured).
 */
export class Slab {
  readonly buffer = spare.pop() ?? Buffer.allocUnsafeSlow(SLAB_SIZE);
  #writes = 0;
  #retired = false;
  #lost = false;

  /** A part of it is on its way. The function that this returns is called when the transport has taken it. */
  sending(): (error?: Error | null) => void {
    this.#writes++;
    return this.#taken;
  }

  /** Nothing more is written into it. */
  retire(): void {
    this.#retired = true;
    this.#reuse();
  }

  readonly #taken = (error?: Error | null): void => {
    this.#writes--;
    // Nobody knows what a transport that failed still holds.
    if (error) this.#lost = true;
    this.#reuse();
  };

  #reuse(): void {
    if (this.#retired && this.#writes === 0 && !this.#lost && spare.length < MAX_SPARE) spare.push(this.buffer);
  }
}
