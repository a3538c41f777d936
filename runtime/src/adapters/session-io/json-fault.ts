const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

type Expected = "value" | "value or end" | "key" | "key or end" | "colon" | "comma or end";

/**
 * Where a text stops being JSON (RFC 8259): the place of the first character that cannot stand there, which is the end of
 * the text where more had to come. Node does not say it in each of its versions. Undefined where the text is JSON.
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

/** Behind the string that begins at `at`; where it is none, the complement of the place of its fault. */
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
