/** A text without the byte order mark with which programs of Windows begin a file. */
export function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, "");
}
