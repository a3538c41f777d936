/** Keys that are sorted by insertion. */
const MAX_INSERTED = 16;

/** JSON with sorted keys and without spaces: equal texts for equal values. The value is one of JSON. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  let text = "{";
  for (const key of sorted(Object.keys(value))) {
    const field = (value as Record<string, unknown>)[key];
    if (field === undefined) continue;
    if (text.length > 1) text += ",";
    text += `${JSON.stringify(key)}:${canonicalJson(field)}`;
  }
  return `${text}}`;
}

/** Sorts by insertion: most objects are small and nearly sorted, and a sort of the library allocates a kilobyte. */
function sorted(keys: string[]): string[] {
  if (keys.length > MAX_INSERTED) return keys.sort();
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index] as string;
    let at = index;
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}
