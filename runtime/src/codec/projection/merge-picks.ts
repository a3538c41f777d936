/** Combines what several projections kept of the same value: a part that one of them kept is kept. */
export function mergePicks(picks: readonly unknown[]): unknown {
  return picks.reduce(mergeTwo);
}

function mergeTwo(one: unknown, other: unknown): unknown {
  if (one === other || typeof one !== "object" || one === null || typeof other !== "object" || other === null) return one;
  if (Array.isArray(one) && Array.isArray(other)) return one.map((item, index) => mergeTwo(item, other[index]));
  const merged = fieldsOf(one);
  for (const [key, value] of fieldsOf(other)) merged.set(key, merged.has(key) ? mergeTwo(merged.get(key), value) : value);
  return objectOf(merged);
}

function fieldsOf(value: object): Map<string, unknown> {
  return new Map(Object.entries(value));
}

/** An object with these fields, also one named `__proto__`. */
export function objectOf(fields: Iterable<readonly [string, unknown]>): object {
  return Object.fromEntries(fields);
}
