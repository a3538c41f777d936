import type { EncodedValue } from "../codec/codec.js";
import {
  FLAG,
  FRAME,
  type FrameKind,
  HEADER_RULES,
  HEADER_SIZE,
  METADATA_SIZE,
  OPEN_SIZE,
  POSITION_SIZE,
  STATUS_SIZE,
} from "./frame.js";

/** A frame to be written. */
export interface Frame {
  readonly kind: FrameKind;
  /** 0 for a frame of the whole connection. */
  readonly id: number;
  readonly flags?: number;
  /** OPEN: the index of the method in the caller's HELLO. */
  readonly method?: number;
  /** OPEN: milliseconds until the deadline; 0 if there is none. */
  readonly timeout?: number;
  /** OPEN, CREDIT: bytes of items that the peer may send. */
  readonly credit?: number;
  /** STATUS: the status's HTTP number. */
  readonly code?: number;
  /** OPEN, HEADERS, STATUS: encoded metadata. */
  readonly metadata?: string | undefined;
  /** ITEM: its position. */
  readonly position?: string | undefined;
  /** An encoded value, or an item's raw bytes. */
  readonly body?: EncodedValue;
}

/** An upper bound of the bytes of `frame`, without counting: UTF-8 takes at most three bytes for each unit of text. */
export function maxFrameSize(frame: Frame): number {
  return maxHeadSize(frame) + maxBodySize(frame.body);
}

/** An upper bound of the bytes before the body of `frame`. */
export function maxHeadSize({ kind, metadata, position }: Frame): number {
  const fields =
    HEADER_SIZE + HEADER_RULES[kind].minSize + (position === undefined ? 0 : POSITION_SIZE + position.length * 3);
  return metadata === undefined ? fields : fields + METADATA_SIZE + metadata.length * 3;
}

function maxBodySize(body: EncodedValue | undefined): number {
  return body === undefined ? 0 : typeof body === "string" ? body.length * 3 : body.length;
}

/** Writes `frame` into `target` at `at`, and returns its end. There must be room for {@link maxFrameSize}. */
export function writeFrame(target: Buffer, at: number, frame: Frame): number {
  const { body } = frame;
  const start = writeHead(target, at, frame);
  let end = start;
  if (typeof body === "string") end += target.write(body, start, "utf8");
  else if (body !== undefined) {
    target.set(body, start);
    end += body.length;
  }
  if (end > start) writeLength(target, at, end);
  return end;
}

/**
 * Writes what precedes the body of `frame`, and returns its end. There must be room for {@link maxHeadSize}.
 * @param body bytes of the body that follows
 */
export function writeHead(target: Buffer, at: number, frame: Frame, body = 0): number {
  let end = writeFields(target, at + HEADER_SIZE, frame);
  if (frame.metadata !== undefined) {
    const size = target.write(frame.metadata, end + METADATA_SIZE, "utf8");
    target.writeUInt32BE(size, end);
    end += METADATA_SIZE + size;
  }
  if (frame.position !== undefined) {
    const size = target.write(frame.position, end + POSITION_SIZE, "utf8");
    target.writeUInt16BE(size, end);
    end += POSITION_SIZE + size;
  }
  writeLength(target, at, end + body);
  target[at + 4] = frame.kind;
  target[at + 5] = (frame.flags ?? 0) | presentParts(frame);
  target.writeUInt32BE(frame.id, at + 6);
  return end;
}

function presentParts({ metadata, position }: Frame): number {
  return (metadata === undefined ? 0 : FLAG.METADATA) | (position === undefined ? 0 : FLAG.POSITION);
}

function writeLength(target: Buffer, at: number, end: number): void {
  target.writeUInt32BE(end - at - HEADER_SIZE, at);
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

/** Encodes one frame into a new buffer. */
export function encodeFrame(frame: Frame): Buffer {
  const target = Buffer.allocUnsafe(maxFrameSize(frame));
  return target.subarray(0, writeFrame(target, 0, frame));
}
