import { isUtf8 } from "node:buffer";
import type { BytesView } from "../codec/codec.js";
import { MAX_POSITION } from "../contract/tracked.js";

/**
 * The peer broke the protocol. The connection closes with the message as its reason: after a malformed frame, the frames
 * that follow cannot be trusted.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** The kinds of frames. The caller opens a call, the callee answers it. A unary call is one OPEN and one STATUS. */
export const FRAME = {
  /** Both sides, once, first: program name, limits, and the methods that the side calls. JSON. Id 0. */
  HELLO: 1,
  /** Caller: begins a call. Method index, timeout, credit, and the request. */
  OPEN: 2,
  /** Either: one item of a stream, JSON or raw bytes. */
  ITEM: 3,
  /** Caller: the request stream is complete. */
  END: 4,
  /** Callee: headers, before the first item. */
  HEADERS: 5,
  /** Callee: the one final status of a call, with its response or its error. */
  STATUS: 6,
  /** Caller: stop this call. The callee still answers with a status. */
  CANCEL: 7,
  /** Either: adds this many bytes to the credit of the call's stream, or with id 0 to that of the connection. */
  CREDIT: 8,
  /** Either: do not open new calls; running ones may finish. JSON. Id 0. */
  DRAIN: 9,
  /** Either: the connection ends now, for this reason. JSON. Id 0. */
  CLOSE: 10,
} as const;

/** A frame's kind on the wire. */
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

/** Bits of a frame's flags. All others must be zero. */
export const FLAG = {
  /** OPEN, HEADERS, STATUS: metadata precedes the payload's body. */
  METADATA: 1,
  /** OPEN: a request stream follows, until END. */
  STREAM: 2,
  /** STATUS: the call was never started. CLOSE: nor was any call without a status. Both are safe to retry elsewhere. */
  REFUSED: 4,
  /** ITEM of the callee: the position of the item precedes it. Only for peers whose HELLO announces `positions`. */
  POSITION: 8,
} as const;

/** Bytes before a frame's payload: length (u32), kind (u8), flags (u8), id (u32), all big-endian. */
export const HEADER_SIZE = 10;

/** Bytes of an OPEN's payload before metadata and request: method index (u16), timeout in ms (u32), credit (u32). */
export const OPEN_SIZE = 10;

/** Bytes of a STATUS's payload before metadata and body: the status's HTTP number (u16). */
export const STATUS_SIZE = 2;

/** Bytes of the length that precedes metadata (u32). */
export const METADATA_SIZE = 4;

/** Bytes of the length that precedes a position (u16). */
export const POSITION_SIZE = 2;

/** What the header of a kind may have. */
interface HeaderRule {
  /** The flags that are allowed. */
  readonly flags: number;
  /** The fewest bytes of the payload: those of its fixed fields. */
  readonly minSize: number;
  /** Whether the kind belongs to the connection, not to a call: its id is 0. */
  readonly ofConnection: boolean | "either";
}

const call = { flags: 0, minSize: 0, ofConnection: false };
const connection = { flags: 0, minSize: 0, ofConnection: true };

/** The rules for the headers of each kind. */
export const HEADER_RULES: Readonly<Record<FrameKind, HeaderRule>> = {
  [FRAME.HELLO]: connection,
  [FRAME.OPEN]: { ...call, flags: FLAG.METADATA | FLAG.STREAM, minSize: OPEN_SIZE },
  [FRAME.ITEM]: { ...call, flags: FLAG.POSITION },
  [FRAME.END]: call,
  [FRAME.HEADERS]: { ...call, flags: FLAG.METADATA },
  [FRAME.STATUS]: { ...call, flags: FLAG.METADATA | FLAG.REFUSED, minSize: STATUS_SIZE },
  [FRAME.CANCEL]: call,
  [FRAME.CREDIT]: { ...call, minSize: 4, ofConnection: "either" },
  [FRAME.DRAIN]: connection,
  [FRAME.CLOSE]: { ...connection, flags: FLAG.REFUSED },
};

const EMPTY = Buffer.alloc(0);

/**
 * A decoded frame, as a view of the chunk that it arrived in. A connection has one view and reuses it for each frame, so
 * nothing may keep it after the callback that received it has returned. The `take` methods read a field at the start of
 * the payload and advance `start`; what remains is the body.
 */
export class FrameView implements BytesView {
  kind: FrameKind = FRAME.HELLO;
  flags = 0;
  /** 0 for a frame of the whole connection. */
  id = 0;
  buffer: Buffer = EMPTY;
  start = 0;
  end = 0;

  /** Points the view at the frame whose header begins at `at`. @throws ProtocolError for a malformed header */
  readHeader(buffer: Buffer, at: number): void {
    const size = buffer.readUInt32BE(at);
    const kind = buffer[at + 4] as FrameKind;
    const flags = buffer[at + 5] as number;
    const id = buffer.readUInt32BE(at + 6);
    const rule: HeaderRule | undefined = HEADER_RULES[kind];
    if (rule === undefined) throw new ProtocolError(`unknown frame kind ${kind}`);
    if ((flags & ~rule.flags) !== 0) throw new ProtocolError(`${frameName(kind)} with unknown flags ${flags}`);
    if (rule.ofConnection === (id !== 0)) throw new ProtocolError(`${frameName(kind)} with call id ${id}`);
    if (size < rule.minSize) throw new ProtocolError(`${frameName(kind)} of only ${size} bytes`);
    this.kind = kind;
    this.flags = flags;
    this.id = id;
    this.buffer = buffer;
    this.start = at + HEADER_SIZE;
    this.end = this.start + size;
  }

  /** Drops the chunk, so that an idle connection does not keep it in memory. */
  release(): void {
    this.buffer = EMPTY;
  }

  /** Bytes of the payload that are not taken yet. */
  get size(): number {
    return this.end - this.start;
  }

  /** Whether the frame has this flag of {@link FLAG}. */
  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  takeUint16(): number {
    this.start += 2;
    return this.buffer.readUInt16BE(this.start - 2);
  }

  takeUint32(): number {
    this.start += 4;
    return this.buffer.readUInt32BE(this.start - 4);
  }

  /** Takes the next `size` bytes as UTF-8 text; by default all that remain. */
  takeText(size: number = this.size): string {
    this.start += size;
    return this.buffer.toString("utf8", this.start - size, this.start);
  }
}

/** The largest payload of a frame of a call, for these limits of message and metadata: that of an OPEN, or of an ITEM. */
export function maxCallPayload(message: number, metadata: number): number {
  return message + Math.max(OPEN_SIZE + METADATA_SIZE + metadata, POSITION_SIZE + MAX_POSITION);
}

/** An item as it arrived: with {@link FLAG.POSITION}, its position precedes it. Valid as a {@link BytesView} is. */
export interface ItemView extends BytesView {
  readonly flags: number;
}

/** Bytes of the position that precedes an item, with its length; 0 without one. @throws ProtocolError if it is malformed */
export function positionSize({ flags, buffer, start, end }: ItemView): number {
  if ((flags & FLAG.POSITION) === 0) return 0;
  const size = end - start < POSITION_SIZE ? 0 : buffer.readUInt16BE(start);
  const text = start + POSITION_SIZE;
  if (size === 0 || size > MAX_POSITION || text + size > end || !isUtf8(buffer.subarray(text, text + size))) {
    throw new ProtocolError(`ITEM with a malformed position: it must be 1 to ${MAX_POSITION} bytes of UTF-8`);
  }
  return POSITION_SIZE + size;
}

/** The kind's name, for messages. */
export function frameName(kind: number): string {
  return Object.entries(FRAME).find(([, value]) => value === kind)?.[0] ?? `kind ${kind}`;
}

/** Checks a frame that arrives before HELLO. @throws ProtocolError unless it is HELLO or CLOSE */
export function checkFirst(kind: FrameKind): void {
  if (kind !== FRAME.HELLO && kind !== FRAME.CLOSE) throw new ProtocolError(`${frameName(kind)} before HELLO`);
}

/** The credit that an item of `bytes` payload costs: its whole frame, so that empty items are bounded, too. */
export function itemCost(bytes: number): number {
  return HEADER_SIZE + bytes;
}
