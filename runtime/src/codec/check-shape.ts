import { RpcError } from "../contract/rpc-error.js";
import type { BytesView } from "./codec.js";

/** Bounds of one JSON text. */
export interface ShapeLimits {
  /** Levels of arrays and objects within each other. */
  readonly depth: number;
  /** Number of values: elements and fields, and what contains them. */
  readonly values: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** Brackets and braces differ in this bit alone. */
const BRACE_BIT = 0x20;
const OPENING_BRACKET = 0x5b;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/** Bytes of memory for each byte of a text that is not looked at: V8 needs at most 21, for `[{},{},…]`. */
const MOST_PER_BYTE = 24;

/** Bytes of memory for each byte of text: one character beyond U+00FF makes all of its text two bytes wide. */
const PER_BYTE = 2;

/** Bytes of memory for each byte of numbers and texts in arrays: 8 for a number and its comma. */
const PER_BYTE_OF_LISTS = PER_BYTE + 4;

/**
 * Bytes of memory for each value. Measured on V8 11.3: 8 for numbers and repeated texts, 14 for texts that differ, 32 for arrays and
 * objects of few fields, 69 to 83 for fields whose names all differ, 104 for objects whose fields have integers for names.
 */
const PER_VALUE = 100;

/**
 * Checks the nesting and the number of values of a JSON text before it is parsed: parsed values weigh up to twenty times their text, and
 * validation recurses. Invalid JSON passes, for the parser.
 * @returns the weight of the text: an estimate of the bytes of memory that its parsed values take at most
 * @throws RpcError BAD_REQUEST for nesting, MESSAGE_TOO_LARGE for the number of values
 */
export function checkShape(text: BytesView, limits: ShapeLimits): number {
  const size = text.end - text.start;
  if (size <= limits.values) {
    // Each level and each value takes a byte, and each level a bracket.
    if (size <= limits.depth) return size * MOST_PER_BYTE;
    const marks = countMarks(text, limits.depth);
    if (marks <= limits.depth) return size * PER_BYTE_OF_LISTS + marks * PER_VALUE;
  }
  return size * PER_BYTE + scan(text, limits) * PER_VALUE;
}

/** The opening brackets and the colons of a text, with those in strings; stops over `max`. Searching is ten times as fast as a loop. */
function countMarks({ buffer, start, end }: BytesView, max: number): number {
  const text = buffer.toString("latin1", start, end);
  let count = 0;
  for (const mark of "{[:")
    for (let at = text.indexOf(mark); at !== -1 && count <= max; at = text.indexOf(mark, at + 1)) count += 1;
  return count;
}

/** The number of values. */
function scan({ buffer, start, end }: BytesView, limits: ShapeLimits): number {
  const { depth: maxDepth, values: maxValues } = limits;
  let depth = 0;
  let values = 1;
  let at = start;
  while (at < end) {
    const byte = buffer[at++] as number;
    // Most bytes are in strings, whose first bytes are cheaper to look at than to search.
    if (byte === QUOTE) at = afterString(buffer, at, end);
    else if (byte === COMMA) values += 1;
    else if (byte < OPENING_BRACKET) continue;
    else if ((byte | BRACE_BIT) === OPENING) {
      depth += 1;
      values += 1;
      if (depth > maxDepth) throw tooDeep(limits);
    } else if ((byte | BRACE_BIT) === CLOSING) depth -= 1;
  }
  if (values > maxValues) throw tooMany(limits);
  return values;
}

/** Bytes of a string that are looked at one by one before the search for its end begins. */
const SHORT = 64;

/** The index after the closing quote of the string whose content begins at `start`. */
function afterString(buffer: Buffer, start: number, end: number): number {
  const stop = Math.min(end, start + SHORT);
  let at = start;
  while (at < stop) {
    const byte = buffer[at++] as number;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
  }
  for (;;) {
    const quote = buffer.indexOf(QUOTE, at);
    if (quote === -1 || quote >= end) return end;
    let before = quote - 1;
    while (before >= at && buffer[before] === BACKSLASH) before -= 1;
    if ((quote - before) % 2 === 1) return quote + 1;
    at = quote + 1;
  }
}

/**
 * Checks the size of a JSON text against what the schema of its method allows.
 * @param what such as "request"
 * @throws RpcError MESSAGE_TOO_LARGE
 */
export function checkMethodSize(size: number, max: number | undefined, what: string): void {
  if (max === undefined || size <= max) return;
  throw new RpcError("MESSAGE_TOO_LARGE", `the ${what} has ${size} bytes; the schema allows at most ${max}`);
}

function tooDeep({ depth }: ShapeLimits): RpcError {
  return new RpcError("BAD_REQUEST", `the message is nested more than ${depth} levels deep (limits.depth)`);
}

function tooMany({ values }: ShapeLimits): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `the message has more than ${values} values (limits.values)`);
}
