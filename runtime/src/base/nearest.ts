/** Characters of a text that are looked at: whoever writes nonsense must not keep the process busy. */
const LONGEST = 60;

/** The candidate that somebody who wrote `text` most likely meant; undefined where none is near. */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  const written = text.slice(0, LONGEST);
  const most = Math.max(1, written.length / 3);
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - text.length) > most) continue;
    const distance = editDistance(written.toLowerCase(), candidate.slice(0, LONGEST).toLowerCase());
    if (best === undefined || distance < best.distance) best = { candidate, distance };
  }
  return best !== undefined && best.distance <= most ? best.candidate : undefined;
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
