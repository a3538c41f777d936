import type { JsonSchema } from "sshrpc/contract";
import type { Rule } from "./rule.js";
import { allSchemas } from "./visit-schemas.js";

/** Texts of at most this length are checked in milliseconds, also if the time grows with the square of their length. */
const SHORT_TEXT = 1_000;

/** Patterns are checked in time linear in the length of the text. */
export const backtrackingPattern: Rule = {
  id: "backtracking-pattern",
  level: "error",
  title: "Patterns are checked in time linear in the length of the text.",
  explanation: `Node tries all possibilities for a pattern to match, and blocks the event loop meanwhile. Where
one text has many ways, as aaa in (a+)+, the time doubles with each character (exponential), or
grows with the square of the length or faster (polynomial): one request of 40 characters, or of
100 KB, stops the server for all callers. A polynomial pattern is accepted beside maxLength:
${SHORT_TEXT} or less.

Bad:   Type.String({ pattern: "^([a-z]+-?)+$" })
Good:  Type.String({ pattern: "^[a-z]+(-[a-z]+)*$" })

Fix: let each character match in one place only: separators between repetitions (above), no
alternatives that match the same text as in (\\w|\\d)*, and ^ at the beginning. The analysis is
that of scslre, which ESLint's rules for patterns use; it finds most of such patterns, not all.`,
  async check(model) {
    const patterns = allSchemas(model).flatMap((one) =>
      patternsOf(one.schema).map((pattern) => ({ ...one, ...pattern })),
    );
    if (patterns.length === 0) return [];
    // The parser of patterns is loaded for schemas with patterns only.
    const { analyzePattern } = await import("../../base/analyze-pattern.js");
    const known = new Map<string, ReturnType<typeof analyzePattern>>();
    return patterns.flatMap(({ pattern, maxLength, at, path }) => {
      const result = known.get(pattern) ?? analyzePattern(pattern);
      known.set(pattern, result);
      if (result === undefined || (result.growth === "polynomial" && maxLength <= SHORT_TEXT)) return [];
      const where = result.part === pattern ? "" : ` at ${result.part}`;
      const fix =
        result.growth === "polynomial"
          ? `rewrite it, or add maxLength: ${SHORT_TEXT} or less`
          : "rewrite it, so that each character can match in one place only";
      return [{ at, path, message: `the pattern ${pattern} backtracks in ${result.growth} time${where}; ${fix}` }];
    });
  },
};

/** The pattern of a string, and those of property names, whose length has no bound. */
function patternsOf({
  pattern,
  maxLength,
  patternProperties,
}: JsonSchema): readonly { readonly pattern: string; readonly maxLength: number }[] {
  const unbounded = Number.POSITIVE_INFINITY;
  return [
    ...(typeof pattern === "string"
      ? [{ pattern, maxLength: typeof maxLength === "number" ? maxLength : unbounded }]
      : []),
    ...Object.keys((patternProperties ?? {}) as object).map((key) => ({ pattern: key, maxLength: unbounded })),
  ];
}
