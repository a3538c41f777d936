import { type AST, RegExpParser, visitRegExpAST } from "@eslint-community/regexpp";
import { isDisjointWith, JS, NFA } from "refa";
import { analyse } from "scslre";

/** Why a pattern takes more than linear time. */
interface Backtracking {
  readonly growth: "exponential" | "polynomial";
  /** The part of the pattern that can match one text in several ways. */
  readonly part: string;
}

/** Bounds the comparison of two alternatives, in states of their automata. */
const MAX_NODES = 10_000;

/** How the time that a pattern takes grows with the length of the text; undefined if nothing is known against it. */
export function analyzePattern(source: string): Backtracking | undefined {
  const pattern = new RegExpParser().parsePattern(source, 0, source.length, { unicode: true });
  const flags = new RegExpParser().parseFlags("u");
  const ambiguous = ambiguousLoop({ pattern, flags });
  if (ambiguous !== undefined) return { growth: "exponential", part: ambiguous };
  const { reports } = analyse({ pattern, flags });
  const worst = reports.find(({ exponential }) => exponential) ?? reports[0];
  if (worst === undefined) return undefined;
  const { raw } = worst.type === "Trade" ? worst.startQuant : worst.quant;
  return { growth: worst.exponential ? "exponential" : "polynomial", part: raw };
}

/**
 * A loop over alternatives that can match one text in two ways, such as `(\w|\d)*` and `(a|ab|b)*`, which scslre does not look for: two
 * texts that begin with different alternatives, and go on with any others, are equal.
 */
function ambiguousLoop(literal: { readonly pattern: AST.Pattern; readonly flags: AST.Flags }): string | undefined {
  const parser = JS.Parser.fromAst(literal);
  let found: string | undefined;
  visitRegExpAST(literal.pattern, {
    onQuantifierEnter({ max, element, raw }) {
      if (max !== Number.POSITIVE_INFINITY || (element.type !== "Group" && element.type !== "CapturingGroup")) return;
      const parsed = element.alternatives.map((alternative) => parse(alternative, parser));
      const automata = parsed.map((alternative) => automatonOf(alternative, parsed));
      const overlaps = automata.some((one, index) => automata.slice(0, index).some((other) => overlap(one, other)));
      if (overlaps) found ??= raw;
    },
  });
  return found;
}

type Parsed = ReturnType<JS.Parser["parseElement"]>;

/** @returns undefined for an alternative with assertions or references, which no automaton has */
function parse(alternative: AST.Alternative, parser: JS.Parser): Parsed | undefined {
  try {
    return parser.parseElement(alternative, { assertions: "throw", backreferences: "throw" });
  } catch {
    return undefined;
  }
}

/** The texts of a loop that begin with an alternative. An empty one is never repeated, so it stands alone. */
function automatonOf(first: Parsed | undefined, all: readonly (Parsed | undefined)[]): NFA | undefined {
  if (first === undefined) return undefined;
  const { expression, maxCharacter } = first;
  const options = { maxCharacter };
  try {
    const alone = NFA.fromRegex(expression, options);
    if (alone.test([])) return alone;
    const alternatives = all.flatMap((one) => one?.expression.alternatives ?? []);
    const rest = { type: "Quantifier", min: 0, max: Number.POSITIVE_INFINITY, lazy: false, alternatives } as const;
    const elements = [{ type: "Alternation", alternatives: expression.alternatives } as const, rest];
    return NFA.fromRegex({ type: "Concatenation", elements }, options);
  } catch {
    return undefined;
  }
}

function overlap(one: NFA | undefined, other: NFA | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  try {
    return !isDisjointWith(one, other, MAX_NODES);
  } catch {
    return false;
  }
}
