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

/** What writes into a slab. */
export interface SlabHolder {
  /** The offset that it writes at next. */
  readonly position: number;
  /** Retires the slab; the holder takes another one when it writes again. */
  releaseSlab(): void;
}

/** Every how many ms the holders are looked at. */
const LOOK = 1000;

/** The holders of slabs, and their positions when they were last looked at. */
const holders = new Map<SlabHolder, number>();

let timer: NodeJS.Timeout | undefined;

/** Takes the slab of a holder that has written nothing for a second: an idle connection holds none. */
export function releaseWhenIdle(holder: SlabHolder): void {
  holders.set(holder, -1);
  timer ??= setInterval(look, LOOK).unref();
}

function look(): void {
  for (const [holder, before] of holders) {
    if (holder.position !== before) holders.set(holder, holder.position);
    else {
      holders.delete(holder);
      holder.releaseSlab();
    }
  }
  if (holders.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
