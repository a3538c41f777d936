/** Where inside `value` something stands that JSON cannot carry, and what; undefined where all of it is plain JSON. */
export function notJson(value: unknown, path = ""): { readonly path: string; readonly what: string } | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : { path, what: String(value) };
  if (typeof value !== "object") return { path, what: value === undefined ? "undefined" : `a ${typeof value}` };
  if (Array.isArray(value)) return first(value.map((item, index) => () => notJson(item, `${path}[${index}]`)));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return { path, what: `an instance of ${value.constructor?.name ?? "a class"}` };
  }
  return first(
    Object.entries(value).map(
      ([key, item]) =>
        () =>
          notJson(item, path === "" ? key : `${path}.${key}`),
    ),
  );
}

function first<T>(attempts: readonly (() => T | undefined)[]): T | undefined {
  for (const attempt of attempts) {
    const found = attempt();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** JSON with sorted keys: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortKeys);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
