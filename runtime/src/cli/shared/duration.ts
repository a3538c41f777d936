import { InvalidArgumentError } from "commander";
import { parseDuration } from "../../base/duration.js";

/** Makes what reads an option such as `500ms`, `2s` or `1m`, of at least `min` milliseconds. */
export function durationFrom(min: number): (text: string) => number {
  return (text) => {
    const value = parseDuration(text);
    if (value !== undefined && value >= min) return value;
    throw new InvalidArgumentError("It is a duration such as 500ms, 2s or 1m, at most 24 days.");
  };
}
