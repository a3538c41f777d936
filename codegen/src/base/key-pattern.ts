/** The texts that a regular expression accepts, as far as types can say it: literal text, alternatives, any text, numbers. */
export type KeyPart =
  | string
  | { readonly any: "string" | "number"; readonly pattern: string }
  | { readonly oneOf: readonly string[] };

/** TypeBox's patterns for numbers and integers, and those that people write. */
const NUMBER = ["-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?", "-?(?:0|[1-9][0-9]*)", "\\d+", "[0-9]+"];

const SPECIAL = /[\\^$.*+?()[\]{}|]/;

/**
 * Reads a regular expression such as `^x-.*$`; undefined if it is of another kind.
 * @param escaped whether special characters are escaped, which those of TypeBox's template literals are not
 */
export function keyParts(pattern: string, escaped: boolean): readonly KeyPart[] | undefined {
  if (!pattern.startsWith("^")) return undefined;
  const isOpen = !pattern.endsWith("$") || pattern.endsWith("\\$");
  let rest = pattern.slice(1, isOpen ? undefined : -1);
  const parts: KeyPart[] = [];
  const add = (part: KeyPart): void => {
    const last = parts.at(-1);
    if (typeof part === "string" && typeof last === "string") parts[parts.length - 1] = last + part;
    else parts.push(part);
  };
  while (rest !== "") {
    const number = NUMBER.find((one) => rest.startsWith(one));
    const group = /^\((?:\?:)?([^()]*\|[^()]*)\)/.exec(rest);
    const literal = /^\\([^A-Za-z0-9])/.exec(rest);
    if (number !== undefined) {
      add({ any: "number", pattern: number });
      rest = rest.slice(number.length);
    } else if (rest.startsWith(".*")) {
      add({ any: "string", pattern: ".*" });
      rest = rest.slice(2);
    } else if (group !== null) {
      const texts = group[1]?.split("|").map((text) => literalText(text, escaped)) ?? [];
      if (!texts.every((text) => text !== undefined)) return undefined;
      add({ oneOf: texts });
      rest = rest.slice(group[0].length);
    } else if (escaped && literal?.[1] !== undefined) {
      add(literal[1]);
      rest = rest.slice(2);
    } else {
      const [character = ""] = rest;
      if (SPECIAL.test(character) && (escaped || character !== ".")) return undefined;
      add(character);
      rest = rest.slice(character.length);
    }
  }
  if (isOpen) add({ any: "string", pattern: ".*" });
  return parts;
}

/** The regular expression for parts. */
export function patternOf(parts: readonly KeyPart[]): string {
  const texts = parts.map((part) => {
    if (typeof part === "string") return escapeText(part);
    if ("oneOf" in part) return `(${part.oneOf.map(escapeText).join("|")})`;
    return part.pattern;
  });
  return `^${texts.join("")}$`;
}

function literalText(text: string, escaped: boolean): string | undefined {
  if (!escaped) return /[\\^$*+?()[\]{}|]/.test(text) ? undefined : text;
  const bare = text.replaceAll(/\\([^A-Za-z0-9])/g, "");
  return SPECIAL.test(bare) ? undefined : text.replaceAll(/\\([^A-Za-z0-9])/g, "$1");
}

function escapeText(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
