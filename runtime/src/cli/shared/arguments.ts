import { InvalidArgumentError } from "commander";
import { parseDuration } from "../../base/duration.js";
import { readPort } from "../../base/net/host-port.js";
import { holdsKey } from "../../base/printable.js";

/** Parses a file name. It rejects the text of a key, which must not become part of a path or a message. */
export function parseFileName(text: string): string {
  if (!holdsKey(text)) return text;
  throw new InvalidArgumentError("Expected a file name, got the text of a key.");
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
