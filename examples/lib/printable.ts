/** Replaces control characters, so that the text cannot control a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}
