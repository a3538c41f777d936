import type { Unit } from "./options.js";

const SIZES = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
] as const;

const TIMES = [
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** A number for readers: `30 s`, `4 MiB`, `16,384`. */
export function formatValue(value: number, unit?: Unit): string {
  const [name, factor] = (unit === "ms" ? TIMES : unit === "bytes" ? SIZES : []).find(
    ([, factor]) => value >= factor && value % factor === 0,
  ) ?? [unit, 1];
  const text = (value / factor).toLocaleString("en-US");
  if (value === 0 || name === undefined) return text;
  return name === "percent" ? `${text} %` : `${text} ${name}`;
}
