import { InvalidArgumentError } from "commander";
import { holdsKey } from "../base/printable.js";

/** Reads the name of a file: a key that was pasted in its place must not become a path, nor part of a message. */
export function parseFileName(text: string): string {
  if (!holdsKey(text)) return text;
  throw new InvalidArgumentError("It is the text of a key, not the name of a file.");
}
