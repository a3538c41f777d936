import { RpcError } from "../../contract/rpc-error.js";
import { jsonEnd } from "../session-io/json-end.js";

/**
 * Splits a command line into words, as a POSIX shell does (XCU 2.2), without expansions: `'…'` is literal, in `"…"` a
 * backslash escapes `"`, `\`, `$` and `` ` ``, elsewhere it escapes any character.
 *
 * `ssh` joins its arguments with spaces, after the local shell has removed one layer of quotes: `'{"text":"hi"}'` arrives as
 * `{"text":"hi"}`. So JSON is taken verbatim, from a `{` or `[` that begins a word or the value of a field (`tags=["a"]`) to
 * the bracket that closes it.
 * @throws RpcError BAD_REQUEST with the position of an unclosed quote or bracket
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
  /** The offset of its first `=`, or -1: a search at each bracket would take quadratic time. */
  readonly equals: number;
}

function withPart({ text, equals }: Word = { text: "", equals: -1 }, part: string): Word {
  const found = equals < 0 ? part.indexOf("=") : -1;
  return { text: text + part, equals: found < 0 ? equals : text.length + found };
}

/** The end of the part that begins at `at`: a run of plain characters, a quoted text, JSON, or an escape. */
function partEnd(line: string, at: number, word: Word | undefined): number {
  const character = line[at] as string;
  if (character === "'" || character === '"') return quoteEnd(line, at, character);
  if (character === "\\") {
    if (at + 1 === line.length) throw new RpcError("BAD_REQUEST", "the command ends with a backslash");
    return at + 2;
  }
  if (!beginsJson(character, word)) return plainEnd(line, at);
  const end = jsonEnd(line, at);
  if (end === undefined) throw unclosed("JSON", at);
  return end;
}

/** Brackets are special behind a `=` alone, so a run of plain characters ends there. */
const SPECIAL = /[\s'"\\=]/g;

function plainEnd(line: string, at: number): number {
  SPECIAL.lastIndex = at + 1;
  const match = line[at] === "=" ? undefined : SPECIAL.exec(line);
  return match === undefined ? at + 1 : (match?.index ?? line.length);
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
  throw unclosed("quote", at);
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

function unclosed(what: string, at: number): RpcError {
  return new RpcError("BAD_REQUEST", `unclosed ${what} at character ${at + 1}`);
}
