import { printable } from "../base/printable.js";
import { MAX_CREDIT } from "./credit.js";
import { ProtocolError } from "./protocol-error.js";

/** What the items of streams are: JSON values, or raw bytes. */
export type ItemKind = "json" | "bytes";

/** What each side says of itself, once, before all other frames. */
export interface Hello {
  /** The program that speaks, such as `sshrpc/0.1.0`: for logs only. */
  readonly agent: string;
  /** The contract that this side was built with; absent where it has none, as a command line that calls by path. */
  readonly api?: { readonly name: string; readonly version: string; readonly hash: string };
  /**
   * What this side will call, by id (`GET /notes/{id}`) or by path (`GET /notes/42`). An OPEN names its method by its
   * index here. The caller brings the list, so that calls may follow it at once.
   */
  readonly methods: readonly string[];
  /** What this side takes the items of all streams for that it calls, where it has no contract to say it. */
  readonly items?: ItemKind;
  /** What this side accepts: bytes of a message, calls at the same time, and bytes ahead in each request stream. */
  readonly limits: { readonly message: number; readonly calls: number; readonly window: number };
}

/** Characters of one entry of `methods`: a path with its parameters, which each short OPEN may bring back. */
export const MAX_REFERENCE = 8192;

/** An OPEN has two bytes for the index. */
export const MAX_METHODS = 65_536;

/** Bytes of a DRAIN or a CLOSE that are always taken: what small limits cut off would end calls that could go on. */
export const MAX_REASON = 8192;

/** Characters of such a reason that messages and logs show. */
const MAX_SHOWN = 1000;

/** Bytes of a HELLO. It is the only frame whose bound is not an option: it comes before the options are known. */
export const MAX_HELLO = 4 * 1024 * 1024;

/** Reads the other side's HELLO. Fields that it does not know are left alone. @throws ProtocolError */
export function parseHello(text: string): Hello {
  const hello = parseObject(text, "HELLO");
  const limits = isObject(hello["limits"]) ? hello["limits"] : {};
  const methods = hello["methods"];
  if (!Array.isArray(methods) || methods.length > MAX_METHODS || !methods.every(isReference)) {
    throw new ProtocolError(
      `HELLO: methods must be a list of at most ${MAX_METHODS} texts, each of at most ${MAX_REFERENCE} characters`,
    );
  }
  return {
    agent: typeof hello["agent"] === "string" ? printable(hello["agent"].slice(0, 200)) : "unknown",
    ...(isApi(hello["api"]) && { api: hello["api"] }),
    methods,
    ...(isItemKind(hello["items"]) && { items: hello["items"] }),
    limits: {
      message: limit(limits["message"], "message"),
      calls: limit(limits["calls"], "calls"),
      // A side without streams need not say; others may grant credit call by call.
      window: limits["window"] === undefined ? 0 : limit(limits["window"], "window", 0, MAX_CREDIT),
    },
  };
}

/** Reads the JSON object that DRAIN and CLOSE carry. A malformed one says nothing; it ends nothing that would go on. */
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
    throw new ProtocolError(`${what}: no JSON`);
  }
  if (!isObject(value)) throw new ProtocolError(`${what}: no object`);
  return value;
}

function limit(value: unknown, name: string, min = 1, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new ProtocolError(`HELLO: limits.${name} must be a whole number from ${min} to ${max}`);
}

function isReference(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_REFERENCE;
}

function isItemKind(value: unknown): value is ItemKind {
  return value === "json" || value === "bytes";
}

function isApi(value: unknown): value is NonNullable<Hello["api"]> {
  return isObject(value) && ["name", "version", "hash"].every((key) => typeof value[key] === "string");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
