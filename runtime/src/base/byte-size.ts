/** The bytes of each unit: powers of 1,024, as in sshd_config(5). */
const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** The bytes of a size such as `512`, `64K`, `64M` or `1G`; undefined for any other text. */
export function parseByteSize(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d+)([KMG]?)$/.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit] as number);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
