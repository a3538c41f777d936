/**
 * `next`, in which every part that equals its counterpart in `previous` is that counterpart: what has not changed is the same object,
 * by which results of it are found. Items with a name are counterparts by their names. It changes `next`, which must be a tree but for
 * parts of `previous` in their places.
 */
export function keepEqual<Value>(previous: unknown, next: Value): Value {
  if ((previous as unknown) === next) return next;
  if (!isObject(previous) || !isObject(next) || Array.isArray(previous) !== Array.isArray(next)) return next;
  const before = previous;
  const after: Record<string, unknown> = next;
  const keys = Object.keys(before);
  const named = Array.isArray(before) ? byName(before) : undefined;
  let isEqual = true;
  let index = 0;
  for (const [key, value] of Object.entries(after)) {
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    after[key] = keepEqual(named?.get(nameOf(value)) ?? old, value);
    // The order of properties is that of the output.
    isEqual &&= keys[index] === key && after[key] === old;
    index += 1;
  }
  return isEqual && index === keys.length ? (before as Value) : next;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function byName(items: readonly unknown[]): ReadonlyMap<unknown, unknown> | undefined {
  return nameOf(items[0]) === undefined ? undefined : new Map(items.map((item) => [nameOf(item), item]));
}

function nameOf(item: unknown): unknown {
  return isObject(item) && typeof item["name"] === "string" ? item["name"] : undefined;
}
