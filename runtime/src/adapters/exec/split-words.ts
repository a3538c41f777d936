import { RpcError } from "../../contract/rpc-error.js";
import { jsonEnd } from "./json-end.js";

/**
 * Splits a command line into words, as a POSIX shell does (XCU 2.2), but expands nothing: `'…'` keeps all it holds, in
 * `"…"` a backslash escapes `"`, `\`, `$` and `` ` ``, elsewhere it escapes any character.
 *
 * `ssh` joins its arguments with spaces, and the shell that it was called from has taken one layer of quotes away: what
 * was `'{"text":"hi"}'` arrives as `{"text":"hi"}`. So JSON goes as it stands, quotes and spaces included, from a `{` or
 * `[` that begins a word, or the value of a field (`tags=["a"]`), to the bracket that closes it.
 * @throws RpcError BAD_REQUEST with the place of a quote or bracket that is not closed
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < line.length) {
    const character = line[at] as string;
    if (/[ \t\r\n]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
      continue;
    }
    const end = partEnd(line, at, word);
    word = (word ?? "") + partText(line.slice(at, end));
    at = end;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Where the part of a word ends that begins at `at`: a quoted text, JSON, or one character. */
function partEnd(line: string, at: number, word: string | undefined): number {
  const character = line[at] as string;
  if (character === "'" || character === '"') return quoteEnd(line, at, character);
  if (character === "\\") {
    if (at + 1 === line.length) throw new RpcError("BAD_REQUEST", "the command ends with a backslash");
    return at + 2;
  }
  if (!beginsJson(character, word)) return at + 1;
  const end = jsonEnd(line, at);
  if (end === undefined) throw notClosed("JSON", at);
  return end;
}

function beginsJson(character: string, word: string | undefined): boolean {
  return (character === "{" || character === "[") && (word === undefined || /^[^=]+=$/.test(word));
}

function quoteEnd(line: string, at: number, quote: string): number {
  for (let end = at + 1; end < line.length; end++) {
    if (line[end] === quote) return end + 1;
    if (line[end] === "\\" && quote === '"') end++;
  }
  throw notClosed("quote", at);
}

function partText(part: string): string {
  switch (part[0]) {
    case "'":
      return part.slice(1, -1);
    case '"':
      return part.slice(1, -1).replace(/\\(["\\$`])/g, "$1");
    case "\\":
      return part.slice(1);
    default:
      return part;
  }
}

function notClosed(what: string, at: number): RpcError {
  return new RpcError("BAD_REQUEST", `the ${what} that begins at character ${at + 1} is not closed`);
}
