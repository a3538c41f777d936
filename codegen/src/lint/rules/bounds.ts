import type { JsonSchema } from "sshrpc/contract";
import type { Rule } from "./rule.js";
import { receivedSchemas } from "./visit-schemas.js";
import { wordsOf } from "./words.js";

/** Formats whose texts are short. */
const SHORT = new Set("date time date-time iso-time iso-date-time duration ipv4 ipv6 uuid".split(" "));

/** Bounds to propose, by the last word of a name. */
const BOUNDS: readonly (readonly [words: RegExp, bound: number])[] = [
  // RFC 5321, section 4.5.3.1; RFC 1035, section 2.3.4.
  [/^(e?mail)$/, 254],
  [/^(host|hostname|domain)$/, 253],
  [/^(url|uri|href|link|path)$/, 2_048],
  [
    /^(id|key|token|code|tag|slug|etag|cursor|version|user|username|login|scope|kind|type|status|language|locale|currency)$/,
    128,
  ],
  [/^(name|title|label|subject|phone|city|country|street|query|filter)$/, 255],
  [/^(text|body|content|message|comment|description|note|markdown|html|source)$/, 10_000],
];
const OTHER_BOUND = 1_000;
const ITEMS_BOUND = 100;

/** Strings that a server receives have a maximum length. */
export const unboundedString: Rule = {
  id: "unbounded-string",
  level: "warn",
  title: "Strings that a server receives have a maximum length.",
  explanation: `Without \`maxLength\`, one string may be as long as the whole message (limits.message, 4 MiB),
and ends in the handler, its log and its database. Bounds also let the server refuse a request
by its size, before it parses it. The rule looks at requests, items of request streams and
responses of callbacks; strings with a value list, a bounded pattern such as ^[0-9a-f]{64}$, or
a format of bounded length fit.

Bad:   title: Type.String()
Good:  title: Type.String({ maxLength: 255 })

Fix: add maxLength. The proposed bound is a guess from the name. A lower bound than before
breaks callers that send more.`,
  check(model) {
    return receivedSchemas(model).flatMap(({ schema, at, path, name, isValue }) => {
      if (!isValue || !accepts(schema, "string") || "maxLength" in schema || isBounded(schema)) return [];
      return [{ at, path, message: `unbounded string; add a bound, such as maxLength: ${boundFor(name, schema)}` }];
    });
  },
};

/** Arrays that a server receives have a maximum number of items. */
export const unboundedArray: Rule = {
  id: "unbounded-array",
  level: "warn",
  title: "Arrays that a server receives have a maximum number of items.",
  explanation: `Without \`maxItems\`, one request may have as many items as fit in a message (limits.message, 4
MiB): some two million. The rule looks at requests, items of request streams and responses of
callbacks.

Bad:   tags: Type.Array(Tag)
Good:  tags: Type.Array(Tag, { maxItems: 20 })

Fix: add maxItems. If there is no bound, stream the items: requestStream: Tag.`,
  check(model) {
    return receivedSchemas(model).flatMap(({ schema, at, path, isValue }) => {
      if (!isValue || !accepts(schema, "array") || "maxItems" in schema || isTuple(schema)) return [];
      const least = typeof schema["minItems"] === "number" ? schema["minItems"] : 0;
      const bound = Math.max(ITEMS_BOUND, least);
      return [{ at, path, message: `unbounded array; add a bound, such as maxItems: ${bound}` }];
    });
  },
};

function accepts({ type, enum: values, const: only }: JsonSchema, wanted: string): boolean {
  return [type].flat().includes(wanted) && values === undefined && only === undefined;
}

function isTuple({ items, additionalItems }: JsonSchema): boolean {
  return Array.isArray(items) && additionalItems === false;
}

function isBounded({ format, pattern }: JsonSchema): boolean {
  if (typeof format === "string" && SHORT.has(format)) return true;
  if (typeof pattern !== "string" || !/^\^.*[^\\]\$$/s.test(pattern)) return false;
  const bare = pattern.replaceAll(/\\./gs, "x").replaceAll(/\[[^\]]*\]/g, "x");
  // An alternative outside of groups may have no anchor.
  return !UNBOUNDED.test(flat(bare)) && !flat(bare).includes("|");
}

const UNBOUNDED = /[*+]|,\}/;

/** A pattern with each group replaced by what matters of it, from the inside; lookarounds match no text. */
function flat(pattern: string): string {
  const next = pattern.replaceAll(/\((\?<?[=!])?[^()]*\)/g, (group, around?: string) =>
    around !== undefined ? "" : UNBOUNDED.test(group) ? "*" : "x",
  );
  return next === pattern ? pattern : flat(next);
}

function boundFor(name: string, { minLength, default: fallback, examples }: JsonSchema): number {
  const last = wordsOf(name).at(-1) ?? "";
  const singular = last.replace(/(?<=[^s])s$/, "");
  const bound = BOUNDS.find(([words]) => words.test(last) || words.test(singular))?.[1] ?? OTHER_BOUND;
  const texts = [fallback, examples].flat().filter((value) => typeof value === "string");
  return Math.max(bound, typeof minLength === "number" ? minLength : 0, ...texts.map(({ length }) => length));
}
