import { printable } from "../base/printable.js";
import { MAX_CREDIT } from "./flow/stream-window.js";
import { ProtocolError } from "./frame.js";

/** The type of the items of streams: JSON values, or raw bytes. */
export type ItemKind = "json" | "bytes";

/** What a server says of its ledger of idempotency keys. */
export interface AnnouncedLedger {
  /** Which ledger it is, of 1 to 64 characters: a server that announces the same one knows the keys that another has taken. */
  readonly id: string;
  /** How long it keeps the outcome of a call, in ms. */
  readonly keeps: number;
}

/** The first frame of each side: its program, methods and limits. */
export interface Hello {
  /** The program, such as `sshrpc/0.1.0`: for logs only. */
  readonly agent: string;
  /** The contract that this side was built with; absent without one, as for a command line that calls by path. */
  readonly api?: { readonly name: string; readonly version: string; readonly hash: string };
  /**
   * The methods that this side calls, by id (`GET /notes/{id}`) or by path (`GET /notes/42`). An OPEN refers to its method
   * by the index in this list. The list comes from the caller, so that calls may follow it at once.
   */
  readonly methods: readonly string[];
  /** The built-in methods that this side serves, by id; absent where it knows none. */
  readonly builtIn?: readonly string[];
  /**
   * Whether this side knows positions of items: it accepts them in response streams, and gives its handlers the header
   * `resume-after`. Absent where it does not.
   */
  readonly positions?: true;
  /** The item type that this side expects of all streams, if it has no contract. */
  readonly items?: ItemKind;
  /** The ledger of the calls with an idempotency key; absent where this side has none. */
  readonly ledger?: AnnouncedLedger;
  /**
   * What this side accepts: bytes of a message, concurrent calls, the initial window of each request stream, and the window of the
   * whole connection, which is absent where this side does not know such windows.
   */
  readonly limits: {
    readonly message: number;
    readonly calls: number;
    readonly window: number;
    readonly connection?: number;
  };
}

/** Characters of one entry of `methods`: each call may repeat the entry in messages and logs. */
export const MAX_REFERENCE = 8192;

/** Entries of `methods`: an OPEN has two bytes for the index. */
export const MAX_METHODS = 65_536;

/** Entries of `builtIn`. */
const MAX_BUILT_IN = 100;

/** Characters of the id of a ledger. */
export const MAX_LEDGER_ID = 64;

/** Characters that are kept of the name, the version and the hash of a contract: reports of differences remember them. */
const MAX_API_TEXT = 200;

/** Bytes that an error, a DRAIN or a CLOSE may have under any limits: the reason of a refusal must arrive. */
export const MAX_REASON = 8192;

/** Characters of its reason that messages and logs show. */
const MAX_SHOWN = 1000;

/** Bytes of a HELLO. This bound is not an option: the HELLO arrives before the limits are known. */
export const MAX_HELLO = 4 * 1024 * 1024;

/** Bytes of a HELLO of any contract, and the most for each byte of this side's own list of methods. */
const LEAST_HELLO = 256 * 1024;
const HELLO_FACTOR = 4;

/**
 * Bytes of a HELLO that calls these methods: another version of their contract may have several times as many. What is larger is
 * of no use, and would cost tens of milliseconds for each channel.
 */
export function maxHello(methods: readonly { readonly id: string }[]): number {
  const own = methods.reduce((sum, { id }) => sum + id.length, 0);
  return Math.min(MAX_HELLO, LEAST_HELLO + HELLO_FACTOR * own);
}

/** Reads the peer's HELLO. Unknown fields are ignored. @throws ProtocolError */
export function parseHello(text: string): Hello {
  const hello = parseObject(text, "HELLO");
  const limits = isObject(hello["limits"]) ? hello["limits"] : {};
  const methods = hello["methods"];
  if (!Array.isArray(methods) || methods.length > MAX_METHODS || !methods.every(isReference)) {
    throw new ProtocolError(
      `HELLO: methods must be a list of at most ${MAX_METHODS} strings of at most ${MAX_REFERENCE} characters`,
    );
  }
  return {
    agent: typeof hello["agent"] === "string" ? printable(hello["agent"].slice(0, 200)) : "unknown",
    ...(isApi(hello["api"]) && { api: shortened(hello["api"]) }),
    methods,
    ...(isBuiltIn(hello["builtIn"]) && { builtIn: hello["builtIn"] }),
    ...(hello["positions"] === true && { positions: true }),
    ...(isItemKind(hello["items"]) && { items: hello["items"] }),
    ...(isLedger(hello["ledger"]) && { ledger: { id: hello["ledger"].id, keeps: hello["ledger"].keeps } }),
    limits: {
      message: limit(limits["message"], "message"),
      calls: limit(limits["calls"], "calls"),
      // Optional: a side without streams may omit it.
      window: limits["window"] === undefined ? 0 : limit(limits["window"], "window", 0, MAX_CREDIT),
      ...(limits["connection"] !== undefined && {
        connection: limit(limits["connection"], "connection", 1, MAX_CREDIT),
      }),
    },
  };
}

/** Reads the reason of a DRAIN or a CLOSE. A malformed one is not a protocol error: that would end calls that could go on. */
export function parseReason(text: string): string {
  try {
    const { message } = parseObject(text, "reason");
    return typeof message === "string" ? printable(message.slice(0, MAX_SHOWN), MAX_SHOWN) : "no reason given";
  } catch {
    return "no reason given";
  }
}

function parseObject(text: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolError(`${what}: invalid JSON`);
  }
  if (!isObject(value)) throw new ProtocolError(`${what}: not an object`);
  return value;
}

function limit(value: unknown, name: string, min = 1, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new ProtocolError(`HELLO: limits.${name} must be an integer from ${min} to ${max}`);
}

function isReference(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_REFERENCE;
}

/** A list that is too long is ignored, as an unknown member would be. */
function isBuiltIn(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= MAX_BUILT_IN && value.every(isReference);
}

function isItemKind(value: unknown): value is ItemKind {
  return value === "json" || value === "bytes";
}

/** A malformed one is ignored: the peer is then one without a ledger. */
function isLedger(value: unknown): value is AnnouncedLedger {
  if (!isObject(value)) return false;
  const { id, keeps } = value;
  const isId = typeof id === "string" && id.length > 0 && id.length <= MAX_LEDGER_ID;
  return isId && Number.isSafeInteger(keeps) && (keeps as number) > 0;
}

function isApi(value: unknown): value is NonNullable<Hello["api"]> {
  return isObject(value) && ["name", "version", "hash"].every((key) => typeof value[key] === "string");
}

function shortened({ name, version, hash }: NonNullable<Hello["api"]>): NonNullable<Hello["api"]> {
  const short = (text: string): string => text.slice(0, MAX_API_TEXT);
  return { name: short(name), version: short(version), hash: short(hash) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
