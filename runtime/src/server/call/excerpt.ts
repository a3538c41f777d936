import { printable } from "../../base/printable.js";

/** The longest excerpt, in UTF-16 code units. */
const MAX_EXCERPT = 200;

/** What the caller wrote, for its message: cut, so that a call that costs few bytes cannot ask for a long answer. */
export function excerpt(text: string): string {
  return printable(text, MAX_EXCERPT);
}
