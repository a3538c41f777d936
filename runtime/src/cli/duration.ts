import { InvalidArgumentError } from "commander";
import ms, { type StringValue } from "ms";
import { MAX_TIMEOUT } from "../max-timeout.js";

/**
 * Makes what reads an option such as `500ms`, `2s` or `1m`, of at least `min` milliseconds. A number alone is in
 * milliseconds, as everywhere in sshrpc.
 */
export function durationFrom(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d/.test(text) ? ms(text as StringValue) : undefined;
    if (typeof value === "number" && value >= min && value <= MAX_TIMEOUT) return value;
    throw new InvalidArgumentError("It is a duration such as 500ms, 2s or 1m, at most 24 days.");
  };
}
