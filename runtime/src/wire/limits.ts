import { getHeapStatistics } from "node:v8";
import { OptionError } from "../base/check-options.js";
import { nearest } from "../base/nearest.js";
import { wrongNumber } from "../base/wrong-type.js";
import type { EncodedValue } from "../codec/codec.js";
import { RpcError } from "../contract/rpc-error.js";

/** Bounds of one connection. Each side announces its own `message`, `calls` and windows in its HELLO; the peer respects them. */
export interface Limits {
  /**
   * Bytes of one request, response, or error as JSON, in either direction; the smaller limit of the two sides applies.
   * Over it: MESSAGE_TOO_LARGE. Default: 4 MiB.
   */
  readonly message: number;
  /** Levels of nested arrays and objects in one request or item that a server receives. Over it: BAD_REQUEST. Default: 100. */
  readonly depth: number;
  /**
   * Values in one request or item that a server receives: each element, field, array and object counts. Over it: MESSAGE_TOO_LARGE.
   * Default: 500,000.
   */
  readonly values: number;
  /** Bytes of one call's metadata in one direction, as JSON. Over it: MESSAGE_TOO_LARGE. Default: 16 KiB. */
  readonly metadata: number;
  /**
   * Concurrent calls that one side runs for the other, over all channels and adapters (commands, shells, korv) of one connection. Over
   * it: RESOURCE_EXHAUSTED. Default: 1,024.
   */
  readonly calls: number;
  /**
   * Concurrent calls of a server, over all connections. At it, a key gets more only while it has less than its share, the limit divided
   * by the square of the number of keys with calls. Over it: RESOURCE_EXHAUSTED. Default: 16,384.
   */
  readonly serverCalls: number;
  /**
   * Bytes of memory that the calls of one connection may hold: 4 KiB for each, 12 KiB for one with streams, the weight of its request (2 for each byte of the text and
   * 100 for each value), and responses that the transport has not taken. Over it: RESOURCE_EXHAUSTED. Default: 256 MiB.
   */
  readonly bytes: number;
  /**
   * Bytes of memory that the calls of a server may hold, over all connections. At it, a key gets more only while it has less than
   * its share, the limit divided by the square of the number of keys that hold any: so the sum stays below 1.65 times the limit for up to 32 keys. Over it:
   * RESOURCE_EXHAUSTED. Default: a twelfth of the heap limit of the process (`--max-old-space-size`).
   */
  readonly serverBytes: number;
  /**
   * Milliseconds that a handler may go on after its call has ended, by a cancel, a deadline or the loss of its connection. Then it
   * counts as stuck: the log names it, and its call no longer counts for `calls` and `serverCalls`. Default: 5,000.
   */
  readonly handlerGrace: number;
  /**
   * Stuck handlers of one method, over all connections of a server; see `handlerGrace`. Over it, calls of the method are refused until
   * some have ended: RESOURCE_EXHAUSTED. Default: 1,024.
   */
  readonly stuckHandlers: number;
  /**
   * Calls that the peer may cancel per second, after ten seconds of as many at once: a caller that opens and cancels in a loop
   * costs more than it pays. Over it, the connection ends. Default: 1,000.
   */
  readonly cancels: number;
  /** Calls that wait on the caller's side until the peer can run them. Over it: RESOURCE_EXHAUSTED. Default: 65,536. */
  readonly queuedCalls: number;
  /** Initial flow control window in bytes, of each stream that this side receives. Default: 256 KiB. */
  readonly window: number;
  /** Bytes by which all windows of a connection together may grow, for consumers that keep up. Default: 16 MiB. */
  readonly windowGrowth: number;
  /**
   * Flow control window in bytes, of all streams together that this side receives on a connection: what their consumers have not taken.
   * While it is full, all streams of the connection wait. Over it: the connection ends. Peers of earlier versions do not know it.
   * Default: 16 MiB.
   */
  readonly connectionWindow: number;
  /** Bytes that may wait in the transport, unsent, before the accepting side (the server) stops reading from the peer. Default: 1 MiB. */
  readonly sendHighWaterMark: number;
  /** Bytes that a login shell may print before the preamble. Default: 64 KiB. */
  readonly bytesBeforePreamble: number;
  /** Timeout in ms for the HELLO of the peer, from the open channel on, to which `connectTimeout` is the time. Default: 10,000. */
  readonly helloTimeout: number;
}

const MAX_LIMIT = 2 ** 31 - 1;

/** The heap limit divided by `limits.serverBytes`: with the shares of several keys, calls take at most a seventh of the heap. */
const HEAP_PART = 12;

/** Bytes of memory of a call, with a request of up to {@link COVERED_TEXT}. */
export const CALL_WEIGHT = 4096;

/** Bytes of memory of a call with streams beyond those of a call: they last, and their handlers keep state. */
export const STREAMS_WEIGHT = 8192;

/** Bytes of a request whose weight is not counted. */
export const COVERED_TEXT = 100;

/** See {@link Limits}. */
export const DEFAULT_LIMITS: Limits = {
  message: 4 * 1024 * 1024,
  depth: 100,
  values: 500_000,
  metadata: 16 * 1024,
  calls: 1024,
  serverCalls: 16_384,
  bytes: 256 * 1024 * 1024,
  serverBytes: Math.min(MAX_LIMIT, Math.floor(getHeapStatistics().heap_size_limit / HEAP_PART)),
  handlerGrace: 5_000,
  stuckHandlers: 1024,
  cancels: 1000,
  queuedCalls: 65_536,
  window: 256 * 1024,
  windowGrowth: 16 * 1024 * 1024,
  connectionWindow: 16 * 1024 * 1024,
  sendHighWaterMark: 1024 * 1024,
  bytesBeforePreamble: 64 * 1024,
  helloTimeout: 10_000,
};

/** Timeout in ms of a unary call, in either direction, if neither the call nor its method sets one. */
export const UNARY_TIMEOUT = 30_000;

/** The names before version 1.0. */
const RENAMED = new Map<string, keyof Limits>([
  ["noise", "bytesBeforePreamble"],
  ["hello", "helloTimeout"],
  ["growth", "windowGrowth"],
  ["queue", "queuedCalls"],
  ["backlog", "sendHighWaterMark"],
]);

/** Fills in the defaults. @throws OptionError for an unknown limit, or a value that is not a positive integer of 31 bits */
export function resolveLimits(limits: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw new OptionError(describeUnknown(name));
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1 || value > MAX_LIMIT)) {
      throw new OptionError(`option limits.${name}: ${wrongNumber(value, `an integer from 1 to ${MAX_LIMIT}`)}`);
    }
  }
  const given = Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
  return { ...DEFAULT_LIMITS, ...given };
}

function describeUnknown(name: string): string {
  const renamed = RENAMED.get(name);
  if (renamed !== undefined) return `limits.${name} was renamed to limits.${renamed}`;
  const known = Object.keys(DEFAULT_LIMITS);
  const near = nearest(name, known);
  const hint = near === undefined ? "" : `, did you mean "${near}"?`;
  return `unknown limit ${JSON.stringify(name)}${hint}; known limits: ${known.join(", ")}`;
}

/** Checks the size of an outgoing message, such as "response". @throws RpcError MESSAGE_TOO_LARGE */
export function checkSize(body: EncodedValue, limit: number, what: string): void {
  // UTF-8 takes at most three bytes for each unit of text, so most messages need no exact count.
  if (body.length * 3 <= limit) return;
  const size = Buffer.byteLength(body);
  if (size > limit) throw tooLarge(size, limit, what);
}

/** The error of a message, such as "response", whose `size` is over `limits.message`. */
export function tooLarge(size: number, limit: number, what: string): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `the ${what} has ${size} bytes; the limit is ${limit} (limits.message)`);
}
