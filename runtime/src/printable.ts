/**
 * Makes text from a peer or a file fit for one line of a message: control characters and others that a terminal
 * would act on are escaped, and what is longer than `limit` characters is cut.
 */
export function printable(text: string, limit = 200): string {
  const line = text.slice(0, limit).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeCharacter);
  return text.length > limit ? `${line}…` : line;
}

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
