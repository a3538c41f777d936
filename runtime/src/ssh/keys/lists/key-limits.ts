import type { KeyQuotas } from "../../../base/accounts/quotas.js";
import { printable } from "../../../base/printable.js";

/** The bytes of each unit: powers of 1,024, as in sshd_config(5). */
const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** The form of each value: digits, and what follows them. */
const FORMS = {
  connections: /^(\d+)()$/,
  calls: /^(\d+)()$/,
  callbacks: /^(\d+)()$/,
  bytes: /^(\d+)([KMG]?)$/,
  rate: /^(\d+)()\/s$/,
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
    const [, digits, unit = ""] = FORMS[name].exec(value) ?? [];
    const number = Number(digits) * (UNITS[unit] as number);
    if (!(number > 0 && Number.isSafeInteger(number))) {
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
