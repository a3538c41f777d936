/** U+FFFD replaces bytes that are not UTF-8: different names would become the same text. */
const NOT_UTF8 = "\uFFFD";

/** Whether a text is a user name: 1 to 256 characters that can be printed, encoded in UTF-8 (RFC 4252, section 5). */
export function isUserName(text: string): boolean {
  return /^\P{C}{1,256}$/u.test(text) && !text.includes(NOT_UTF8);
}
