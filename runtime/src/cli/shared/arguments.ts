import { InvalidArgumentError } from "commander";
import { type KorvLimits, korvLimits } from "../../adapters/korv/korv-options.js";
import { OptionError } from "../../base/check-options.js";
import { nearest } from "../../base/nearest.js";
import { readPort } from "../../base/net/host-port.js";
import { holdsKey } from "../../base/printable.js";
import { parseByteSize, parseDuration } from "../../base/units.js";
import type { LedgerOptions } from "../../server/ledger/ledger-options.js";

/** Parses a file name. It rejects the text of a key, which must not become part of a path or a message. */
export function parseFileName(text: string): string {
  if (!holdsKey(text)) return text;
  throw new InvalidArgumentError("Expected a file name, got the text of a key.");
}

/** Parses a host name, which is printed. It rejects the text of a key. */
export function parseHostName(text: string): string {
  if (!holdsKey(text)) return text;
  throw new InvalidArgumentError("Expected a host name, got the text of a key.");
}

/** Parses a port from 0 to 65535. */
export function parsePort(text: string): number {
  const port = readPort(text);
  if (port === undefined) throw new InvalidArgumentError("Use a number from 0 to 65535.");
  return port;
}

/** Creates a parser for durations such as `500ms`, `2s` or `1m`, of at least `min` milliseconds. */
export function durationFrom(min: number): (text: string) => number {
  return (text) => {
    const value = parseDuration(text);
    if (value !== undefined && value >= min) return value;
    throw new InvalidArgumentError("Use a duration such as 500ms, 2s or 1m, at most 24 days.");
  };
}

/** Creates a parser for one of some words. */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const near = nearest(text, words);
    throw new InvalidArgumentError(near === undefined ? `Use ${words.join(", ")}.` : `Did you mean ${near}?`);
  };
}

/** Parses a size such as `64M`. */
export function parseSize(text: string): number {
  const size = parseByteSize(text);
  if (size === undefined) throw new InvalidArgumentError("Use a number of bytes such as 65536, 512K, 64M or 1G.");
  return size;
}

/** Parses a positive whole number. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError("Use a whole number from 1.");
}

/** Parses where a ledger is: `memory`, `none` or `file:PATH`. */
export function parseLedger(text: string): LedgerOptions | false {
  if (text === "memory") return {};
  if (text === "none") return false;
  const [, file] = /^file:(.+)$/s.exec(text) ?? [];
  if (file === undefined) throw new InvalidArgumentError("Use memory, none or file:PATH.");
  return { file: parseFileName(file) };
}

/** Parses limits of the korv adapter, such as `calls=64,decompressed=8388608`. */
export function parseKorvLimits(text: string): Partial<KorvLimits> {
  const limits = new Map<string, number>();
  for (const part of text.split(",")) {
    const [, name, value] = /^\s*(\w+)=(\d+)\s*$/.exec(part) ?? [];
    if (name === undefined) throw new InvalidArgumentError("Use NAME=NUMBER, such as calls=64,decompressed=8388608.");
    if (limits.has(name)) throw new InvalidArgumentError(`The limit ${name} is repeated.`);
    limits.set(name, Number(value));
  }
  const given: Partial<KorvLimits> = Object.fromEntries(limits);
  try {
    korvLimits(given);
    return given;
  } catch (error) {
    throw error instanceof OptionError ? new InvalidArgumentError(`${error.message}.`) : error;
  }
}
