import { RpcError } from "../../contract/rpc-error.js";
import { jsonEnd } from "../session-io/json-end.js";

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
  let word: Word | undefined;
  let at = 0;
  while (at < line.length) {
    const character = line[at] as string;
    if (/[ \t\r\n]/.test(character)) {
      if (word !== undefined) words.push(word.text);
      word = undefined;
      at++;
      continue;
    }
    const end = partEnd(line, at, word);
    word = withPart(word, partText(line.slice(at, end)));
    at = end;
  }
  if (word !== undefined) words.push(word.text);
  return words;
}

/** A word, as far as it was read. */
interface Word {
  readonly text: string;
  /** Where its first `=` stands, or -1: to look for it at each bracket would take a time that grows with the square. */
  readonly equals: number;
}

function withPart({ text, equals }: Word = { text: "", equals: -1 }, part: string): Word {
  const found = equals < 0 ? part.indexOf("=") : -1;
  return { text: text + part, equals: found < 0 ? equals : text.length + found };
}

/** Where the part of a word ends that begins at `at`: a quoted text, JSON, or one character. */
function partEnd(line: string, at: number, word: Word | undefined): number {
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

function beginsJson(character: string, word: Word | undefined): boolean {
  if (character !== "{" && character !== "[") return false;
  return word === undefined || (word.equals > 0 && word.equals === word.text.length - 1);
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
