import type { Duplex } from "node:stream";
import { shareMemory } from "../base/memory-transport.js";
import { ReleasingDuplex } from "../base/transport.js";
import { type Frame, maxFrameSize, maxHeadSize, writeFrame, writeHead } from "./encode.js";
import { WriteGate } from "./flow/write-gate.js";
import { HEADER_SIZE } from "./frame.js";
import { releaseWhenIdle, SLAB_SIZE, Slab, type SlabHolder } from "./slab.js";

/** Bytes of the largest packets that SSH implementations usually send. Raw bytes are cut to fill whole packets. */
const PACKET = 32 * 1024;

/** A frame of raw bytes is not started in a packet with fewer free bytes. */
const SCRAP = 1024;

/** Bytes of a frame of raw bytes if the transport has no packets: large, but small enough not to delay other calls. */
const PIECE = 256 * 1024;

/** Bytes of the smallest frame that gets a separate buffer, if buffers are not reused. */
const OWN = 4 * 1024;

/** A batch of this size in bytes is sent before the turn ends: with larger ones the two sides alternate (measured). */
const FULL = 16 * 1024;

const UTF8 = new TextEncoder();

/** Bytes of the longest character in UTF-8. */
const CHARACTER = 4;

/** Sends a chunk, and calls `taken` once the transport has released its memory, or with the error of a failed write. */
type ChunkWriter = (chunk: Buffer, taken: (error?: Error | null) => void) => void;

/** How a {@link FrameWriter} uses its transport. */
interface FrameWriterOptions {
  /** Backpressure of the transport, for the streams. Default: one that is always open. */
  readonly gate?: WriteGate;
  /**
   * `"never"` if the transport may hold memory after a write's callback, or the peer reads the written memory itself. Default:
   * memory is reused once the transport has released it.
   */
  readonly reuseMemory?: "once-taken" | "never";
}

/**
 * Batches the frames of one turn of the event loop into few writes, because a packet costs far more than a call. The first
 * frame after an idle turn is sent at once, so that a single call is not delayed; the others of that turn are sent together
 * when the turn ends or 16 KiB are reached. While turns bring several frames each, the first one waits, too.
 *
 * A frame is encoded when it is added: later changes of its body do not affect it.
 */
export class FrameWriter implements SlabHolder {
  readonly gate: WriteGate;
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

  constructor(write: ChunkWriter, { gate = new WriteGate(), reuseMemory }: FrameWriterOptions = {}) {
    this.#write = write;
    this.gate = gate;
    this.#keeps = reuseMemory === "never";
  }

  /** Bytes of a frame's body that fill up the current packet. */
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

  /** Sends the current batch now. */
  flush(): void {
    if (this.#slab === undefined || this.#end === this.#start) return;
    const chunk = this.#slab.buffer.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#write(chunk, this.#keeps ? () => undefined : this.#slab.sending());
  }

  /** Drops the current batch, and the timer of the turn's end. */
  discard(): void {
    this.#start = this.#end;
    clearImmediate(this.#turn);
  }

  get position(): number {
    return this.#end;
  }

  releaseSlab(): void {
    this.flush();
    if (!this.#keeps) this.#slab?.retire();
    this.#slab = undefined;
  }

  #slabFor(room: number): Slab {
    if (this.#slab !== undefined && SLAB_SIZE - this.#end >= room) return this.#slab;
    if (this.#slab === undefined) releaseWhenIdle(this);
    this.releaseSlab();
    this.#slab = new Slab();
    this.#start = this.#end = 0;
    return this.#slab;
  }

  #addLarge(frame: Frame, room: number): void {
    const { body } = frame;
    const head = maxHeadSize(frame);
    if (typeof body === "string" && !this.#keeps && head <= SLAB_SIZE) {
      this.#end = writeHead(this.#slabFor(head).buffer, this.#end, frame, Buffer.byteLength(body));
      this.#addText(body);
      return;
    }
    this.flush();
    const target = Buffer.allocUnsafeSlow(typeof body === "string" ? head + Buffer.byteLength(body) : room);
    this.#write(target.subarray(0, writeFrame(target, 0, frame)), () => undefined);
  }

  /** Writes the text in packets, which leave while it is written: fresh memory for a large one costs more than the writing. */
  #addText(text: string): void {
    for (let at = 0; at < text.length; ) {
      if (this.#start + PACKET - this.#end < CHARACTER) this.flush();
      const { buffer } = this.#slabFor(CHARACTER);
      const target = buffer.subarray(this.#end, Math.min(this.#start + PACKET, SLAB_SIZE));
      const { read, written } = UTF8.encodeInto(text.slice(at, endOfCharacter(text, at + target.length)), target);
      at += read;
      this.#end += written;
    }
  }

  readonly #endTurn = (): void => {
    this.#turn = undefined;
    this.#busy = this.#frames > 1;
    this.#frames = 0;
    this.flush();
  };
}

/** The index, or the one before it, where it would divide a surrogate pair. */
function endOfCharacter(text: string, index: number): number {
  const last = text.charCodeAt(index - 1);
  return last >= 0xd800 && last <= 0xdbff ? index - 1 : index;
}

/** How {@link writerTo} bounds the data that waits in the transport. */
interface DuplexWriterConfig {
  readonly role: "dialer" | "acceptor";
  /** Bytes that may wait in the transport before the acceptor stops reading. */
  readonly highWaterMark: number;
  /** Stops reading until the duplex emits 'drain'. */
  readonly pause: () => void;
  /** Called with each batch; returns the callback for when the transport has taken it, if the batch holds answers. */
  readonly flushed: () => (() => void) | undefined;
}

/**
 * A writer to a duplex. Only the acceptor stops reading while its own writes wait: if both sides did, two peers that send
 * much to each other would deadlock. The dialer counts the answers that wait instead.
 */
export function writerTo(duplex: Duplex, { role, highWaterMark, pause, flushed }: DuplexWriterConfig): FrameWriter {
  const gate = new WriteGate();
  const counted = (taken: (error?: Error | null) => void): ((error?: Error | null) => void) => {
    const answered = flushed();
    if (answered === undefined) return taken;
    return (error) => {
      answered();
      taken(error);
    };
  };
  const write: ChunkWriter = (chunk, taken) => {
    if (duplex.write(chunk, role === "dialer" ? counted(taken) : taken)) return;
    gate.fill();
    if (role === "acceptor" && duplex.writableLength > highWaterMark) pause();
  };
  const releases = !shareMemory(duplex) && duplex instanceof ReleasingDuplex;
  return new FrameWriter(write, { gate, reuseMemory: releases ? "once-taken" : "never" });
}
