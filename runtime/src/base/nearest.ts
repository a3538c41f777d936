/** The maximum number of characters that are compared, which bounds the time for long input. */
const MAX_COMPARED = 60;

/** The candidate with the smallest edit distance to `text`; undefined if none is similar. */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  const compared = text.slice(0, MAX_COMPARED);
  const maxDistance = Math.max(1, compared.length / 3);
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - text.length) > maxDistance) continue;
    const distance = editDistance(compared.toLowerCase(), candidate.slice(0, MAX_COMPARED).toLowerCase());
    if (best === undefined || distance < best.distance) best = { candidate, distance };
  }
  return best !== undefined && best.distance <= maxDistance ? best.candidate : undefined;
}

/** The Levenshtein distance: the number of characters to change, add or remove. */
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
