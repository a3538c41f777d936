/** The keys of names: a sort compares each name many times. */
const keys = new Map<string, string>();
const MAX_NAMES = 50_000;

/** Compares names in the order in which formatters sort imports: upper case before lower case, numbers by value. */
export function compareNames(a: string, b: string): number {
  const [left, right] = [keyOf(a), keyOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A text whose order by code units is that of the name. */
function keyOf(name: string): string {
  const known = keys.get(name);
  if (known !== undefined) return known;
  if (keys.size === MAX_NAMES) keys.clear();
  const key = name.replaceAll(/\d+|./gsu, keyOfPart);
  keys.set(name, key);
  return key;
}

function keyOfPart(part: string): string {
  if (/^\d/.test(part)) {
    const digits = part.replace(/^0+(?=\d)/, "");
    // More digits are more; a digit comes first, so that other characters are on the same side of all numbers.
    return `0${String.fromCharCode(digits.length)}${digits}`;
  }
  const lower = part.toLowerCase();
  return lower + (lower === part ? "\u0001" : "\u0000");
}
