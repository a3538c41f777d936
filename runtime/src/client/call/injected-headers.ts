import { encodeMetadata, isMetadataName } from "../../wire/metadata.js";
import type { CallOptions } from "./call-options.js";

/** Bytes of injected headers: the baggage of W3C has at most as many. */
export const MAX_INJECTED = 8192;

/**
 * Encodes the headers of a call, with those that its observers inject. Those must not make a call fail: what is invalid or beyond a
 * limit is left out.
 * @param limit bytes of all headers
 */
export function withInjected(
  injected: Readonly<Record<string, string>>,
  own: CallOptions["metadata"],
  limit: number,
): string | undefined {
  const given = new Set(Object.keys(own ?? {}).map((name) => name.toLowerCase()));
  let size = 0;
  const kept = Object.entries(injected).filter(([name, value]) => {
    const lower = name.toLowerCase();
    if (typeof value !== "string" || !isMetadataName(lower) || given.has(lower)) return false;
    const bytes = name.length + Buffer.byteLength(value);
    if (size + bytes > MAX_INJECTED) return false;
    size += bytes;
    return true;
  });
  if (kept.length > 0) {
    try {
      return encodeMetadata({ ...Object.fromEntries(kept), ...own }, limit);
    } catch {} // Together they are too large.
  }
  return encodeMetadata(own, limit);
}
