/** The parts of names: a sort compares each name many times. */
const parts = new Map<string, readonly string[]>();
const MAX_NAMES = 50_000;

/** Compares names in the order in which formatters sort imports: upper case before lower case, numbers by value. */
export function compareNames(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (const [index, part] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareParts(part, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function partsOf(name: string): readonly string[] {
  const known = parts.get(name);
  if (known !== undefined) return known;
  if (parts.size === MAX_NAMES) parts.clear();
  const found = name.match(/\d+|./gsu) ?? [];
  parts.set(name, found);
  return found;
}

function compareParts(a: string, b: string): number {
  if (/^\d/.test(a) && /^\d/.test(b)) return Number(a) - Number(b);
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left === right ? compareText(a, b) : compareText(left, right);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
