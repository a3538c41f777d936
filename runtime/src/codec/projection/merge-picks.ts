/** Combines what branches of a union kept of one value: a part that one of them kept is kept. */
export function mergeBranches(one: unknown, other: unknown): unknown {
  return merge(one, other, mergeBranches);
}

/**
 * Combines what schemas that apply at once kept of one value. Inside of it, a schema that says nothing of a part leaves it to the others;
 * it kept the part itself, and no copy.
 */
export function mergeParts(one: unknown, other: unknown, source: unknown): unknown {
  return merge(one, other, (left, right, key) => {
    const part = (source as Readonly<Record<string | number, unknown>>)[key];
    if (left === part || right === part) return left === part ? right : left;
    return mergeParts(left, right, part);
  });
}

function merge(
  one: unknown,
  other: unknown,
  inner: (left: unknown, right: unknown, key: string | number) => unknown,
): unknown {
  if (!isCompound(one) || !isCompound(other)) return one;
  if (Array.isArray(one) && Array.isArray(other)) return one.map((item, index) => inner(item, other[index], index));
  const merged = new Map<string, unknown>(Object.entries(one));
  for (const [key, value] of Object.entries(other)) {
    merged.set(key, merged.has(key) ? inner(merged.get(key), value, key) : value);
  }
  return Object.fromEntries(merged);
}

function isCompound(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
