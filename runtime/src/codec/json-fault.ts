import { printable } from "../base/printable.js";

const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

type Expected = "value" | "value or end" | "key" | "key or end" | "colon" | "comma or end";

/** Characters of a text that a message quotes. */
const EXCERPT = 20;

/** Characters of the longest text that is searched: the search is several times slower than `JSON.parse`. */
const MAX_SEARCHED = 256 * 1024;

/**
 * Describes the first fault of a text: `invalid JSON at line 1, column 8: unexpected token "}"`. Undefined where the text
 * is JSON, and without a position where the text is very long.
 */
export function describeJsonFault(text: string): string | undefined {
  if (text.length > MAX_SEARCHED) return isJson(text) ? undefined : "invalid JSON";
  const at = jsonFault(text);
  if (at === undefined) return undefined;
  const lines = text.slice(0, at).split("\n");
  const place = `line ${lines.length}, column ${(lines.at(-1) as string).length + 1}`;
  if (at >= text.length) return `invalid JSON at ${place}: unexpected end of input`;
  return `invalid JSON at ${place}: unexpected token ${printable(JSON.stringify(text.slice(at, at + EXCERPT)))}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The offset at which a text stops being JSON (RFC 8259): of the first unexpected character, or the end of a text that ends
 * too early. Undefined where the text is JSON. Node reports the offset in some of its messages only.
 */
export function jsonFault(text: string): number | undefined {
  const open: string[] = [];
  let expected: Expected = "value";
  let at = 0;
  for (;;) {
    at = skip(SPACE, text, at);
    if (open.length === 0 && expected === "comma or end") return at === text.length ? undefined : at;
    const character = text[at] ?? "";
    const closes = expected.endsWith("or end") && character === open.at(-1);
    if (closes) {
      open.pop();
      at++;
      expected = "comma or end";
    } else if (expected === "comma or end" || expected === "colon") {
      if (character !== (expected === "colon" ? ":" : ",")) return at;
      at++;
      expected = expected === "colon" || open.at(-1) === "]" ? "value" : "key";
    } else if (character === '"') {
      const end = stringEnd(text, at);
      if (end < 0) return ~end;
      at = end;
      expected = expected.startsWith("key") ? "colon" : "comma or end";
    } else if (expected.startsWith("key")) return at;
    else if (character === "{" || character === "[") {
      open.push(character === "{" ? "}" : "]");
      at++;
      expected = character === "{" ? "key or end" : "value or end";
    } else {
      const end = skip(SCALAR, text, at);
      if (end === at) return at;
      at = end;
      expected = "comma or end";
    }
  }
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** The offset behind the string that begins at `at`; for an invalid string, the complement (`~`) of its fault's offset. */
function stringEnd(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    const character = text[end] as string;
    if (character === '"') return end + 1;
    if (character < " ") return ~end;
    if (character !== "\\") continue;
    end++;
    if (text[end] === "u") {
      if (!/^[0-9a-fA-F]{4}$/.test(text.slice(end + 1, end + 5))) return ~end;
      end += 4;
    } else if (!/^["\\/bfnrt]$/.test(text[end] ?? "")) return ~Math.min(end, text.length);
  }
  return ~text.length;
}
