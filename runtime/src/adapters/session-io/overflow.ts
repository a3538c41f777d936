/** Matches every text with such a number, and few others: most texts need no closer search. Linear in the text. */
const CANDIDATE = /(?:^|[\s:,[])-?(?:\d{200}|\d+(?:\.\d+)?[eE]\+?\d{3})/;

/**
 * The first number of a JSON text that is larger than a double (1.8e308), as written: `1e400`. `JSON.parse` returns
 * Infinity for it, which JSON writes as null.
 * @param json valid JSON
 */
export function overflow(json: string): string | undefined {
  if (!CANDIDATE.test(json)) return undefined;
  const tokens = /"|-?\d[\d.eE+-]*/g;
  for (let match = tokens.exec(json); match !== null; match = tokens.exec(json)) {
    const [token] = match;
    if (token === '"') tokens.lastIndex = stringEnd(json, tokens.lastIndex);
    else if (!Number.isFinite(Number(token))) return token;
  }
  return undefined;
}

function stringEnd(json: string, start: number): number {
  let at = start;
  while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at + 1;
}
