import type { KeyQuotas } from "../../../base/accounts/quotas.js";
import { printable } from "../../../base/printable.js";
import { parseByteSize } from "../../../base/units.js";

/** The form of each value. */
const FORMS = {
  connections: /^(\d+)$/,
  calls: /^(\d+)$/,
  callbacks: /^(\d+)$/,
  bytes: /^(\d+[KMG]?)$/,
  rate: /^(\d+)\/s$/,
} as const;

/**
 * Parses the value of `limits`, such as `calls=100,rate=50/s,connections=4,bytes=64M`.
 * @throws Error of one line for an unknown or repeated name, or a value that is not a positive integer of its form
 */
export function parseLimits(text: string): KeyQuotas {
  const limits: { -readonly [Name in keyof KeyQuotas]: KeyQuotas[Name] } = {};
  for (const part of text.split(",")) {
    const [name = "", value = ""] = part.trim().split(/=(.*)/s);
    if (!isLimit(name))
      throw new Error(`unknown limit "${printable(name, 40)}"; known: ${Object.keys(FORMS).join(", ")}`);
    if (limits[name] !== undefined) throw new Error(`repeated limit ${name}`);
    const [, size = ""] = FORMS[name].exec(value) ?? [];
    const number = parseByteSize(size) ?? 0;
    if (number === 0) {
      throw new Error(
        `invalid limit "${printable(part.trim(), 40)}"; examples: connections=4, calls=100, bytes=64M, rate=50/s`,
      );
    }
    limits[name] = number;
  }
  return limits;
}

function isLimit(name: string): name is keyof typeof FORMS {
  return Object.hasOwn(FORMS, name);
}
