import { printable } from "../../base/printable.js";

/** Characters (UTF-16 code units) of the longest excerpt. */
const MAX_EXCERPT = 200;

/** Text of the caller for a message: printable, and cut, so that a small call cannot cause a large response. */
export function excerpt(text: string): string {
  return printable(text, MAX_EXCERPT);
}
