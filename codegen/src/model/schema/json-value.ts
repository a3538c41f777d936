/** A part of a value that JSON cannot carry. */
interface Unfit {
  readonly path: string;
  readonly what: string;
}

/** The first part of `value` that JSON cannot carry; undefined if all of it is plain JSON. */
export function notJson(value: unknown): Unfit | undefined {
  return search(value, "", new Set());
}

/** @param ancestors the objects that contain `value`, to find circular references */
function search(value: unknown, path: string, ancestors: Set<object>): Unfit | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : { path, what: String(value) };
  if (typeof value !== "object") return { path, what: value === undefined ? "undefined" : `a ${typeof value}` };
  if (!Array.isArray(value) && !isPlain(value)) return { path, what: `an instance of ${className(value)}` };
  if (ancestors.has(value)) return { path, what: "a value that contains itself" };
  ancestors.add(value);
  for (const [key, item] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    const found = search(
      item,
      typeof key === "number" ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`,
      ancestors,
    );
    if (found !== undefined) return found;
  }
  ancestors.delete(value);
  return undefined;
}

/** Whether `value` is a plain object. Any prototype without a prototype counts, because each realm has its own. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The name of the class of `value`, for messages. */
export function className(value: object): string {
  const { name } = value.constructor ?? {};
  return typeof name === "string" && name !== "" ? name : "a class";
}

/** JSON with sorted keys: equal values give equal strings. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const known = canonical.get(value);
  if (known !== undefined) return known;
  const entries = Array.isArray(value)
    ? value.map(canonicalJson)
    : Object.entries(value)
        .filter(([, content]) => content !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, content]) => `${JSON.stringify(key)}:${canonicalJson(content)}`);
  const text = Array.isArray(value) ? `[${entries.join()}]` : `{${entries.join()}}`;
  canonical.set(value, text);
  return text;
}

/** Values that are compared do not change, and most are parts of several others. */
const canonical = new WeakMap<object, string>();
