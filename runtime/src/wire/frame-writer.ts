import { type Frame, maxFrameSize, writeFrame } from "./encode.js";
import { HEADER_SIZE } from "./frame.js";
import { SLAB_SIZE, Slab } from "./slab.js";

/** Bytes of the largest packets that SSH peers send as a rule. Raw bytes are cut so that they fill whole ones. */
const PACKET = 32 * 1024;

/** Bytes that are not worth a frame at the end of a packet. */
const SCRAP = 1024;

/** Bytes of a piece of raw bytes where nothing cuts packets: enough, and no call waits long for another one's. */
const PIECE = 256 * 1024;

/** Bytes of a frame from which on it has memory of its own, where memory is not used again. */
const OWN = 4 * 1024;

/** Bytes after which a batch leaves before its turn ends: larger ones make the two sides take turns (measured). */
const FULL = 16 * 1024;

/** Sends a chunk, and calls `taken` when its memory is not looked at any more, or with why that will never be. */
export type ChunkWriter = (chunk: Buffer, taken: (error?: Error | null) => void) => void;

/**
 * Gathers the frames of one turn of the event loop into few writes, because a packet costs far more than a call. The
 * first frame after an idle moment leaves at once, so that a single call waits for nothing; what follows in the same
 * turn leaves together when the turn ends, or when it fills 16 KiB. While turns bring several frames each, the first one
 * waits for the others too.
 *
 * A frame is encoded when it is added: what its sender changes afterwards cannot leak into it.
 */
export class FrameWriter {
  readonly #write: ChunkWriter;
  readonly #keeps: boolean;
  #slab: Slab | undefined;
  #start = 0;
  #end = 0;
  #turn: NodeJS.Immediate | undefined;
  /** Frames of this turn. */
  #frames = 0;
  /** Whether the last turn brought several frames. */
  #busy = false;

  /**
   * @param write takes a finished batch, and tells when its memory may be used again
   * @param keeps whether that never is, because the other side reads the very memory that is written
   */
  constructor(write: ChunkWriter, keeps = false) {
    this.#write = write;
    this.#keeps = keeps;
  }

  /** Bytes that a frame's body may have to fill up the packet that is being gathered. */
  get room(): number {
    if (this.#keeps) return PIECE;
    const room = Math.min(this.#start + PACKET, SLAB_SIZE) - this.#end - HEADER_SIZE;
    return room >= SCRAP ? room : PACKET - HEADER_SIZE;
  }

  add(frame: Frame): void {
    const room = maxFrameSize(frame);
    if (room > (this.#keeps ? OWN : SLAB_SIZE)) this.#addLarge(frame, room);
    else this.#end = writeFrame(this.#slabFor(room).buffer, this.#end, frame);
    this.#frames++;
    if (this.#turn === undefined) {
      if (!this.#busy) this.flush();
      this.#turn = setImmediate(this.#endTurn);
    } else if (this.#end - this.#start >= FULL) this.flush();
  }

  /** Sends what has been gathered, now. */
  flush(): void {
    if (this.#slab === undefined || this.#end === this.#start) return;
    const chunk = this.#slab.buffer.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#write(chunk, this.#keeps ? () => undefined : this.#slab.sending());
  }

  /** Drops what has been gathered, and the wait for the turn's end. */
  discard(): void {
    this.#start = this.#end;
    clearImmediate(this.#turn);
  }

  #slabFor(room: number): Slab {
    if (this.#slab !== undefined && SLAB_SIZE - this.#end >= room) return this.#slab;
    this.flush();
    if (!this.#keeps) this.#slab?.retire();
    this.#slab = new Slab();
    this.#start = this.#end = 0;
    return this.#slab;
  }

  #addLarge(frame: Frame, room: number): void {
    this.flush();
    const target = Buffer.allocUnsafeSlow(room);
    this.#write(target.subarray(0, writeFrame(target, 0, frame)), () => undefined);
  }

  readonly #endTurn = (): void => {
    this.#turn = undefined;
    this.#busy = this.#frames > 1;
    this.#frames = 0;
    this.flush();
  };
}
