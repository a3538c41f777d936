/** Makes text that others wrote fit for a terminal, which must not act on it. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}
