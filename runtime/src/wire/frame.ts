/**
 * The kinds of frames. `caller` is the side that opened a call, `callee` the side that answers it. A unary call needs
 * OPEN and STATUS; the kinds for streams are part of the format from the start.
 */
export const FRAME = {
  /** Both sides, once, first: who speaks, under which limits, and the methods it will call. JSON. Id 0. */
  HELLO: 1,
  /** Caller: begins a call. Method index, timeout, credit, and the request. */
  OPEN: 2,
  /** Either: one item of a stream, JSON or raw bytes. */
  ITEM: 3,
  /** Caller: no further item will come. */
  END: 4,
  /** Callee: headers, before the first item. */
  HEADERS: 5,
  /** Callee: the one final status of a call, with its response or its error. */
  STATUS: 6,
  /** Caller: stop this call. The callee still answers with a status. */
  CANCEL: 7,
  /** Either: so many more bytes of items may be sent in this call. */
  CREDIT: 8,
  /** Either: no new calls, please; running ones may finish. JSON. Id 0. */
  DRAIN: 9,
  /** Either: the connection ends now, for this reason. JSON. Id 0. */
  CLOSE: 10,
} as const;

/** A frame's kind on the wire. */
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

/** Bits of a frame's flags. All others must be zero. */
export const FLAG = {
  /** OPEN, HEADERS, STATUS: the payload's body is preceded by metadata. */
  METADATA: 1,
  /** OPEN: a request stream follows, until END. */
  STREAM: 2,
  /** STATUS: the call was never begun. CLOSE: neither was any call that has no status. Both may be sent again elsewhere. */
  REFUSED: 4,
} as const;

/** Bytes before a frame's payload: length (u32), kind (u8), flags (u8), id (u32), all big-endian. */
export const HEADER_SIZE = 10;

/** Bytes of an OPEN's payload before metadata and request: method index (u16), timeout in ms (u32), credit (u32). */
export const OPEN_SIZE = 10;

/** Bytes of a STATUS's payload before metadata and body: the status's HTTP number (u16). */
export const STATUS_SIZE = 2;

/** Bytes of the length that stands before metadata (u32). */
export const METADATA_SIZE = 4;

/** The kinds that concern no single call: their id is 0. */
export function isConnectionFrame(kind: FrameKind): boolean {
  return kind === FRAME.HELLO || kind === FRAME.DRAIN || kind === FRAME.CLOSE;
}

/** The flags that a kind may have. */
export function allowedFlags(kind: FrameKind): number {
  switch (kind) {
    case FRAME.OPEN:
      return FLAG.METADATA | FLAG.STREAM;
    case FRAME.HEADERS:
      return FLAG.METADATA;
    case FRAME.STATUS:
      return FLAG.METADATA | FLAG.REFUSED;
    case FRAME.CLOSE:
      return FLAG.REFUSED;
    default:
      return 0;
  }
}

/** The fewest bytes that a kind's payload has. */
export function minPayload(kind: FrameKind): number {
  switch (kind) {
    case FRAME.OPEN:
      return OPEN_SIZE;
    case FRAME.STATUS:
      return STATUS_SIZE;
    case FRAME.CREDIT:
      return 4;
    default:
      return 0;
  }
}

/** The kind's name, for messages. */
export function frameName(kind: number): string {
  return Object.entries(FRAME).find(([, value]) => value === kind)?.[0] ?? `kind ${kind}`;
}
