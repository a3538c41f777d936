import { type Frame, maxFrameSize, writeFrame } from "./encode.js";

/** Bytes of the buffers that frames are gathered in. A larger frame gets a buffer of its own. */
const SLAB = 64 * 1024;

/** Bytes after which a batch leaves before its turn ends: larger ones make the two sides take turns (measured). */
const FULL = 16 * 1024;

/**
 * Gathers the frames of one turn of the event loop into few writes, because a packet costs far more than a call. The
 * first frame after an idle moment leaves at once, so that a single call waits for nothing; what follows in the same
 * turn leaves together when the turn ends, or when it fills 16 KiB. While turns bring several frames each, the first one
 * waits for the others too.
 *
 * A frame is encoded when it is added: what its sender changes afterwards cannot leak into it.
 */
export class Batch {
  readonly #write: (chunk: Buffer) => void;
  #slab: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #turn: NodeJS.Immediate | undefined;
  /** Frames of this turn. */
  #frames = 0;
  /** Whether the last turn brought several frames. */
  #busy = false;

  /** @param write takes a finished batch; the buffer is not touched again */
  constructor(write: (chunk: Buffer) => void) {
    this.#write = write;
  }

  add(frame: Frame): void {
    const room = maxFrameSize(frame);
    if (room > SLAB) this.#addLarge(frame, room);
    else {
      if (this.#slab.length - this.#end < room) this.#newSlab();
      this.#end = writeFrame(this.#slab, this.#end, frame);
    }
    this.#frames++;
    if (this.#turn === undefined) {
      if (!this.#busy) this.flush();
      this.#turn = setImmediate(this.#endTurn);
    } else if (this.#end - this.#start >= FULL) this.flush();
  }

  /** Sends what has been gathered, now. */
  flush(): void {
    if (this.#end === this.#start) return;
    const chunk = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#write(chunk);
  }

  /** Drops what has been gathered, and the wait for the turn's end. */
  discard(): void {
    this.#start = this.#end;
    clearImmediate(this.#turn);
  }

  #newSlab(): void {
    this.flush();
    this.#slab = Buffer.allocUnsafeSlow(SLAB);
    this.#start = this.#end = 0;
  }

  #addLarge(frame: Frame, room: number): void {
    this.flush();
    const target = Buffer.allocUnsafeSlow(room);
    this.#write(target.subarray(0, writeFrame(target, 0, frame)));
  }

  readonly #endTurn = (): void => {
    this.#turn = undefined;
    this.#busy = this.#frames > 1;
    this.#frames = 0;
    this.flush();
  };
}
