// A peer that sends and receives single frames. It is written against PROTOCOL.md and shares no code with the runtime, so that a
// fault in the runtime's encoder or decoder cannot hide behind the same fault here.
import type { Duplex } from "node:stream";
import { until, within } from "../unit/runtime/support/wait.js";

/** What each side sends first: PROTOCOL.md, section 2. */
export const PREAMBLE: Uint8Array = Buffer.from("\0sshrpc\x01", "latin1");

/** The kinds of frames: PROTOCOL.md, section 3. */
export const FRAME = {
  HELLO: 1,
  OPEN: 2,
  ITEM: 3,
  END: 4,
  HEADERS: 5,
  STATUS: 6,
  CANCEL: 7,
  CREDIT: 8,
  DRAIN: 9,
  CLOSE: 10,
} as const;

export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

/** The flags of frames: PROTOCOL.md, section 3. */
export const FLAG = { METADATA: 1, STREAM: 2, REFUSED: 4, POSITION: 8 } as const;

const HEADER_SIZE = 10;

/** A frame to be sent; the fields that its kind does not have are ignored. */
export interface Frame {
  readonly kind: FrameKind;
  readonly id: number;
  readonly flags?: number;
  /** OPEN: index into the methods of HELLO. */
  readonly method?: number;
  /** OPEN: milliseconds; 0 for none. */
  readonly timeout?: number;
  /** OPEN, CREDIT: bytes of items. */
  readonly credit?: number;
  /** STATUS: its number. */
  readonly code?: number;
  /** OPEN, HEADERS, STATUS: JSON text. */
  readonly metadata?: string | undefined;
  /** ITEM: its position. */
  readonly position?: string | undefined;
  readonly body?: string | Uint8Array;
}

/** A frame that arrived. */
export interface ReceivedFrame {
  readonly kind: FrameKind;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

const u16 = (value = 0): Buffer => Buffer.from([value >>> 8, value & 0xff]);

function u32(value = 0): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function fieldsOf({ kind, method, timeout, credit, code }: Frame): readonly Buffer[] {
  if (kind === FRAME.OPEN) return [u16(method), u32(timeout), u32(credit)];
  if (kind === FRAME.STATUS) return [u16(code)];
  return kind === FRAME.CREDIT ? [u32(credit)] : [];
}

/** The bytes of one frame. */
export function encodeFrame(frame: Frame): Buffer {
  const { kind, id, flags = 0, metadata, position, body = "" } = frame;
  const pairs = metadata === undefined ? [] : [u32(Buffer.byteLength(metadata)), Buffer.from(metadata)];
  const place = position === undefined ? [] : [u16(Buffer.byteLength(position)), Buffer.from(position)];
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const payload = Buffer.concat([...fieldsOf(frame), ...pairs, ...place, bytes]);
  const allFlags = flags | (metadata === undefined ? 0 : FLAG.METADATA) | (position === undefined ? 0 : FLAG.POSITION);
  return Buffer.concat([u32(payload.length), Buffer.from([kind, allFlags]), u32(id), payload]);
}

/** A peer that a test controls frame by frame: it sends valid or invalid bytes. */
export class RawPeer {
  readonly #frames: ReceivedFrame[] = [];
  #chunks: Buffer[] = [];
  #waiting = 0;
  #needed = PREAMBLE.length;
  #hasPreamble = false;
  #taken = 0;
  /** Resolves when the duplex has closed. */
  readonly closed: Promise<void>;

  constructor(readonly duplex: Duplex) {
    duplex.on("data", (chunk: Buffer) => this.#receive(chunk));
    duplex.on("error", () => undefined);
    // A well-behaved peer ends its side when the other side has ended.
    duplex.on("end", () => duplex.end());
    this.closed = new Promise((resolve) => duplex.once("close", resolve));
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting < this.#needed) return;
    let bytes: Buffer = Buffer.concat(this.#chunks);
    while (bytes.length >= this.#needed) bytes = this.#take(bytes);
    this.#chunks = [bytes];
    this.#waiting = bytes.length;
  }

  /** Takes the preamble, or one frame where it has arrived as a whole, and returns the rest. */
  #take(bytes: Buffer): Buffer {
    if (!this.#hasPreamble) {
      const start = bytes.subarray(0, PREAMBLE.length);
      if (!start.equals(PREAMBLE))
        throw new Error(`the other side sent ${start.toString("hex")} in place of a preamble`);
      this.#hasPreamble = true;
      this.#needed = HEADER_SIZE;
      return bytes.subarray(PREAMBLE.length);
    }
    const end = HEADER_SIZE + bytes.readUInt32BE(0);
    this.#needed = end;
    if (bytes.length < end) return bytes;
    const payload = Buffer.from(bytes.subarray(HEADER_SIZE, end));
    this.#frames.push({ kind: bytes[4] as FrameKind, flags: bytes[5] ?? 0, id: bytes.readUInt32BE(6), payload });
    this.#needed = HEADER_SIZE;
    return bytes.subarray(end);
  }

  /** The frames received so far. */
  get frames(): readonly ReceivedFrame[] {
    return this.#frames;
  }

  /** The HELLO of the other side. */
  async remoteHello(): Promise<Record<string, unknown>> {
    return JSON.parse((await this.next(FRAME.HELLO)).payload.toString());
  }

  bytes(bytes: Uint8Array): this {
    this.duplex.write(bytes);
    return this;
  }

  send(...frames: readonly Frame[]): this {
    return this.bytes(Buffer.concat(frames.map(encodeFrame)));
  }

  /** Sends preamble and HELLO. @param more further fields of it */
  hello(methods: readonly string[] = [], limits: object = {}, more: object = {}): this {
    const body = JSON.stringify({ methods, limits: { message: 1 << 20, calls: 64, ...limits }, ...more });
    return this.bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body });
  }

  open(id: number, body?: string, more: Partial<Frame> = {}): this {
    return this.send({ kind: FRAME.OPEN, id, method: 0, ...(body !== undefined && { body }), ...more });
  }

  answer(id: number, code = 200, body = "null"): this {
    return this.send({ kind: FRAME.STATUS, id, code, body });
  }

  /** The next frame of this kind; frames before it are skipped. */
  async next(kind: FrameKind): Promise<ReceivedFrame> {
    const name = Object.entries(FRAME).find(([, value]) => value === kind)?.[0];
    return until(`a frame ${name}`, () => {
      while (this.#taken < this.#frames.length) {
        const frame = this.#frames[this.#taken++];
        if (frame?.kind === kind) return frame;
      }
      return undefined;
    });
  }

  /** The next STATUS, decoded. */
  async status(): Promise<{ id: number; code: number; body: { message?: string; details?: unknown } }> {
    const { id, payload } = await this.next(FRAME.STATUS);
    return { id, code: payload.readUInt16BE(0), body: JSON.parse(payload.toString("utf8", 2)) };
  }

  /** The reason in the CLOSE of the other end, after it has closed. */
  async reason(): Promise<string> {
    const { payload } = await this.next(FRAME.CLOSE);
    await within("the end of the transport", this.closed);
    return JSON.parse(payload.toString()).message;
  }
}
