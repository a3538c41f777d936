/**
 * The indexes of two equal items, for `uniqueItems`; undefined if all differ. The time is linear in the size of the value, because
 * objects are compared by a text that equal ones share.
 */
export function duplicateItems(items: readonly unknown[]): readonly [number, number] | undefined {
  const scalars = new Map<unknown, number>();
  const texts = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const isScalar = typeof item !== "object" || item === null;
    const key = isScalar ? item : canonicalText(item);
    const seen: Map<unknown, number> = isScalar ? scalars : texts;
    const earlier = seen.get(key);
    if (earlier !== undefined) return [index, earlier];
    seen.set(key, index);
  }
  return undefined;
}

/** JSON with the keys of objects in order. */
function canonicalText(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText((value as Readonly<Record<string, unknown>>)[key])}`);
  return `{${members.join()}}`;
}
