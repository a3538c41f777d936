/** Whether there may be one: nearly every text is done with this look. Each run of digits is looked at once. */
const SUSPECT = /(?:^|[\s:,[])-?(?:\d{200}|\d+(?:\.\d+)?[eE]\+?\d{3})/;

/**
 * The first number of a JSON text that is larger than a double can be (1.8e308), as it stands there: `1e400`.
 * `JSON.parse` makes it Infinity, which JSON would give on as null.
 * @param json what `JSON.parse` takes
 */
export function overflow(json: string): string | undefined {
  if (!SUSPECT.test(json)) return undefined;
  const tokens = /"|-?\d[\d.eE+-]*/g;
  for (let match = tokens.exec(json); match !== null; match = tokens.exec(json)) {
    const [token] = match;
    if (token === '"') tokens.lastIndex = behindString(json, tokens.lastIndex);
    else if (!Number.isFinite(Number(token))) return token;
  }
  return undefined;
}

function behindString(json: string, start: number): number {
  let at = start;
  while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at + 1;
}
