import { fullFormats } from "ajv-formats/dist/formats.js";
import { canonicalJson } from "../../model/schema/json-value.js";
import type { Alternative, Numbers, Strings } from "./alternative.js";

/** From here on JavaScript writes integers with an exponent, and validators take none for a multiple. */
export const EXPONENT = 1e21;

/** Whether an alternative accepts a value; undefined where only a validator knows. Its opaque constraints are left out. */
export function accepts(alternative: Alternative, value: unknown): boolean | undefined {
  switch (alternative.kind) {
    case "constant":
      return isSameValue(alternative.value, value);
    case "number":
      return typeof value === "number" && acceptsNumber(alternative, value);
    case "string":
      return typeof value === "string" ? acceptsString(alternative, value) : false;
    case "array":
      return Array.isArray(value) ? undefined : false;
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : false;
  }
}

function isSameValue(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object") return one === other;
  return canonicalJson(one) === canonicalJson(other);
}

function acceptsNumber({ integer, low, high, steps }: Numbers, value: number): boolean {
  if (integer && !Number.isInteger(value)) return false;
  if (low.exclusive ? value <= low.value : value < low.value) return false;
  if (high.exclusive ? value >= high.value : value > high.value) return false;
  return steps.every((step) => Number.isInteger(value / step) && Math.abs(value / step) < EXPONENT);
}

function acceptsString({ min, max, patterns, formats }: Strings, value: string): boolean | undefined {
  const length = charactersOf(value);
  if (length < min || length > max) return false;
  if (!patterns.every((pattern) => new RegExp(pattern, "u").test(value))) return false;
  const known = formats.map((format) => acceptsFormat(format, value));
  if (known.includes(false)) return false;
  return known.includes(undefined) ? undefined : true;
}

/** The number of code points, as JSON Schema counts. */
function charactersOf(text: string): number {
  return /[\ud800-\udfff]/.test(text) ? [...text].length : text.length;
}

function acceptsFormat(format: string, value: string): boolean | undefined {
  const check = Object.hasOwn(fullFormats, format) ? fullFormats[format as keyof typeof fullFormats] : undefined;
  if (check === undefined || check === true) return undefined;
  if (check instanceof RegExp) return check.test(value);
  const validate: unknown = typeof check === "object" ? check.validate : check;
  if (validate instanceof RegExp) return validate.test(value);
  if (typeof validate !== "function") return undefined;
  return (validate as (text: string) => unknown)(value) === true;
}
