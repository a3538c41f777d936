import { RpcError } from "../contract/rpc-error.js";
import { type FrameView, METADATA_SIZE, ProtocolError } from "./frame.js";

/** Metadata of one direction of a call: lowercase names, each with its values in order. */
export type Metadata = ReadonlyMap<string, readonly string[]>;

/** The fields of an OPEN frame. */
export interface CallOpening {
  readonly id: number;
  /** Whether a request stream follows. */
  readonly hasStream: boolean;
  /** The initial credit of the response stream, in bytes. */
  readonly window: number;
  /** The index of the method in the caller's HELLO; checked to be listed. */
  readonly method: number;
  /** Milliseconds until the deadline; 0 if there is none. */
  readonly timeout: number;
  readonly metadata: Metadata;
  /** Bytes of the request. */
  readonly size: number;
}

/** The header of a call that goes on behind an item of its response stream: the position of the item. */
export const RESUME_AFTER = "resume-after";

/** Empty metadata: shared, because most calls have none. */
export const NO_METADATA: Metadata = new Map();

/** A name is a token of RFC 9110, section 5.6.2, in lowercase. */
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** Whether metadata may have the name, in lowercase. */
export function isMetadataName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Encodes metadata as the JSON of frames, a list of name and value pairs; undefined if there is none.
 * @throws RpcError BAD_REQUEST for an invalid name or value, MESSAGE_TOO_LARGE over `limit` bytes
 */
export function encodeMetadata(
  metadata: Readonly<Record<string, string | readonly string[]>> | undefined,
  limit: number,
): string | undefined {
  if (metadata === undefined) return undefined;
  const pairs = Object.entries(metadata).flatMap(([name, values]) => {
    const lower = name.toLowerCase();
    if (!isMetadataName(lower)) throw new RpcError("BAD_REQUEST", `metadata: invalid name ${JSON.stringify(name)}`);
    return [values].flat().map((value) => {
      if (typeof value !== "string")
        throw new RpcError("BAD_REQUEST", `metadata: the value of ${JSON.stringify(name)} must be a string`);
      return [lower, value];
    });
  });
  if (pairs.length === 0) return undefined;
  const text = JSON.stringify(pairs);
  const size = Buffer.byteLength(text);
  if (size > limit) throw metadataTooLarge(size, limit);
  return text;
}

/**
 * Takes the metadata from the start of a frame's payload; what remains is the body. Metadata over `limit` bytes returns the
 * error of its call, because the peer cannot know this limit.
 * @throws ProtocolError if it is malformed
 */
export function decodeMetadata(frame: FrameView, limit: number): Metadata | RpcError {
  if (frame.size < METADATA_SIZE) throw new ProtocolError("metadata without its length");
  const size = frame.takeUint32();
  if (size > frame.size) throw new ProtocolError(`metadata of ${size} bytes, more than its frame has`);
  return size > limit ? metadataTooLarge(size, limit) : parseMetadata(frame.takeText(size));
}

function metadataTooLarge(size: number, limit: number): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `the metadata has ${size} bytes; the limit is ${limit} (limits.metadata)`);
}

/** Reads the JSON that {@link encodeMetadata} writes. @throws ProtocolError if it is malformed */
export function parseMetadata(text: string): Metadata {
  const pairs = parseJson(text);
  if (!Array.isArray(pairs)) throw new ProtocolError("metadata: not a list");
  const metadata = new Map<string, string[]>();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new ProtocolError("metadata: not a list of pairs");
    const [name, value]: unknown[] = pair;
    if (typeof name !== "string" || !NAME.test(name) || typeof value !== "string") {
      throw new ProtocolError("metadata: a malformed pair");
    }
    const values = metadata.get(name);
    if (values === undefined) metadata.set(name, [value]);
    else values.push(value);
  }
  return metadata;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ProtocolError("metadata: invalid JSON");
  }
}

/** A name in lowercase, and its value. */
export type Pair = readonly [name: string, value: string];

/** Encoded metadata with further pairs. @throws RpcError MESSAGE_TOO_LARGE over `limit` bytes */
export function withPairs(metadata: string | undefined, pairs: readonly Pair[], limit: number): string {
  const added = JSON.stringify(pairs);
  const text = metadata === undefined ? added : `${metadata.slice(0, -1)},${added.slice(1)}`;
  const size = Buffer.byteLength(text);
  if (size > limit) throw metadataTooLarge(size, limit);
  return text;
}
