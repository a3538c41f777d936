/** Characters of a text that are looked at. */
const LONGEST = 100;

/** The candidate that somebody who wrote `text` most likely meant; undefined where none is near. */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  const written = text.slice(0, LONGEST);
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(written.toLowerCase(), candidate.slice(0, LONGEST).toLowerCase());
    if (best === undefined || distance < best.distance) best = { candidate, distance };
  }
  return best !== undefined && best.distance <= Math.max(1, written.length / 3) ? best.candidate : undefined;
}

/** As {@link nearest}, among path templates: a parameter may be anything. */
export function nearestPath(path: string, templates: Iterable<string>): string | undefined {
  const parts = path.slice(0, LONGEST).split("/");
  const filled = new Map<string, string>();
  for (const template of templates) {
    const text = template.split("/").map((part, index) => (part.startsWith("{") && parts[index] ? parts[index] : part));
    filled.set(text.join("/"), template);
  }
  const match = nearest(path, filled.keys());
  return match === undefined ? undefined : filled.get(match);
}

/** How many characters must be changed, added or removed to make one text the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
