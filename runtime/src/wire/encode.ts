import {
  FLAG,
  FRAME,
  type FrameKind,
  HEADER_SIZE,
  METADATA_SIZE,
  minPayload,
  OPEN_SIZE,
  STATUS_SIZE,
} from "./frame.js";

/** A frame that can be written into a buffer. Encoding is apart from batching, so that each is testable alone. */
export interface Frame {
  readonly kind: FrameKind;
  /** 0 for a frame that concerns no single call. */
  readonly id: number;
  readonly flags?: number;
  /** OPEN: the index of the method in the caller's HELLO. */
  readonly method?: number;
  /** OPEN: milliseconds that the call may take; 0 where there is no deadline. */
  readonly timeout?: number;
  /** OPEN, CREDIT: bytes of items that the other side may send. */
  readonly credit?: number;
  /** STATUS: the status's HTTP number. */
  readonly code?: number;
  /** OPEN, HEADERS, STATUS: encoded metadata. */
  readonly metadata?: string | undefined;
  /** What the frame carries: JSON text, or an item's raw bytes. */
  readonly body?: string | Uint8Array;
}

/** The most bytes that `frame` can take, found without looking at each character: UTF-8 needs at most three a unit. */
export function maxFrameSize(frame: Frame): number {
  const metadata = frame.metadata === undefined ? 0 : METADATA_SIZE + frame.metadata.length * 3;
  return HEADER_SIZE + minPayload(frame.kind) + metadata + maxBodySize(frame.body);
}

function maxBodySize(body: string | Uint8Array | undefined): number {
  return body === undefined ? 0 : typeof body === "string" ? body.length * 3 : body.length;
}

/** Writes `frame` into `target` from `at`, and returns where it ends. There must be room for {@link maxFrameSize}. */
export function writeFrame(target: Buffer, at: number, frame: Frame): number {
  let end = writeFields(target, at + HEADER_SIZE, frame);
  if (frame.metadata !== undefined) {
    const size = target.write(frame.metadata, end + METADATA_SIZE, "utf8");
    target.writeUInt32BE(size, end);
    end += METADATA_SIZE + size;
  }
  if (typeof frame.body === "string") end += target.write(frame.body, end, "utf8");
  else if (frame.body !== undefined) {
    target.set(frame.body, end);
    end += frame.body.length;
  }
  target.writeUInt32BE(end - at - HEADER_SIZE, at);
  target[at + 4] = frame.kind;
  target[at + 5] = (frame.flags ?? 0) | (frame.metadata === undefined ? 0 : FLAG.METADATA);
  target.writeUInt32BE(frame.id, at + 6);
  return end;
}

function writeFields(target: Buffer, at: number, frame: Frame): number {
  switch (frame.kind) {
    case FRAME.OPEN:
      target.writeUInt16BE(frame.method ?? 0, at);
      target.writeUInt32BE(frame.timeout ?? 0, at + 2);
      target.writeUInt32BE(frame.credit ?? 0, at + 6);
      return at + OPEN_SIZE;
    case FRAME.STATUS:
      target.writeUInt16BE(frame.code ?? 0, at);
      return at + STATUS_SIZE;
    case FRAME.CREDIT:
      return target.writeUInt32BE(frame.credit ?? 0, at);
    default:
      return at;
  }
}

/** One frame as bytes of its own. */
export function encodeFrame(frame: Frame): Buffer {
  const target = Buffer.allocUnsafe(maxFrameSize(frame));
  return target.subarray(0, writeFrame(target, 0, frame));
}
