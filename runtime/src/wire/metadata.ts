import { RpcError } from "../contract/rpc-error.js";
import { METADATA_SIZE } from "./frame.js";
import { ProtocolError } from "./protocol-error.js";

/** Metadata of one direction of a call: lower-case names, each with its values in order. */
export type Metadata = ReadonlyMap<string, readonly string[]>;

/** No metadata: shared, because most calls have none. */
export const NO_METADATA: Metadata = new Map();

/** A name is a token of RFC 9110, section 5.6.2, in lower case. */
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/**
 * Writes metadata as the JSON that frames carry: a list of name and value pairs; undefined where there is none.
 * @throws RpcError BAD_REQUEST for an impossible name, MESSAGE_TOO_LARGE for more than `limit` bytes
 */
export function encodeMetadata(
  metadata: Readonly<Record<string, string | readonly string[]>> | undefined,
  limit: number,
): string | undefined {
  if (metadata === undefined) return undefined;
  const pairs = Object.entries(metadata).flatMap(([name, values]) => {
    const lower = name.toLowerCase();
    if (!NAME.test(lower)) throw new RpcError("BAD_REQUEST", `metadata: ${JSON.stringify(name)} is no header name`);
    return [values].flat().map((value) => {
      if (typeof value !== "string") throw new RpcError("BAD_REQUEST", `metadata: ${name} is no text`);
      return [lower, value];
    });
  });
  if (pairs.length === 0) return undefined;
  const text = JSON.stringify(pairs);
  const size = Buffer.byteLength(text);
  if (size > limit) throw tooLarge(size, limit);
  return text;
}

/**
 * Reads the metadata that stands at `start` of a frame's payload; gives it with the place where the body begins, or the
 * error of its call where it has over `limit` bytes: the other side cannot know this limit.
 * @throws ProtocolError where it is malformed
 */
export function decodeMetadata(
  buffer: Buffer,
  start: number,
  end: number,
  limit: number,
): { readonly metadata: Metadata; readonly body: number } | RpcError {
  if (end - start < METADATA_SIZE) throw new ProtocolError("metadata without its length");
  const size = buffer.readUInt32BE(start);
  const body = start + METADATA_SIZE + size;
  if (body > end) throw new ProtocolError(`metadata of ${size} bytes, more than its frame has`);
  if (size > limit) return tooLarge(size, limit);
  return { metadata: parseMetadata(buffer.toString("utf8", start + METADATA_SIZE, body)), body };
}

function tooLarge(size: number, limit: number): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `metadata of ${size} bytes; the limit is ${limit} (limits.metadata)`);
}

/** Reads the JSON that {@link encodeMetadata} writes. @throws ProtocolError where it is malformed */
export function parseMetadata(text: string): Metadata {
  const pairs = parseJson(text);
  if (!Array.isArray(pairs)) throw new ProtocolError("metadata is no list");
  const metadata = new Map<string, string[]>();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new ProtocolError("metadata with something else than pairs");
    const [name, value]: unknown[] = pair;
    if (typeof name !== "string" || !NAME.test(name) || typeof value !== "string") {
      throw new ProtocolError("metadata with a malformed pair");
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
    throw new ProtocolError("metadata that is no JSON");
  }
}
