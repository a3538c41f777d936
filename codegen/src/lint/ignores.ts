import { suggestion } from "../base/suggestion.js";
import type { Finding, RuleInfo } from "./rules/rule.js";

/** Accepted findings of one rule, from a comment or the config file. */
export interface Ignore {
  readonly rule: string;
  readonly matches: (finding: Finding) => boolean;
  /** What to report if it matches nothing. */
  readonly finding: Finding;
}

/** Comments that ignore a rule name a known rule, and have a reason. */
export const invalidIgnore: RuleInfo = {
  id: "invalid-ignore",
  level: "error",
  title: "Comments that ignore a rule name a known rule, and have a reason.",
  explanation: `A comment // sshrpc-lint-ignore RULE: reason accepts the findings of one rule in the next line
of code, or in its own line. Without a reason its readers cannot tell whether it still holds.

Bad:   // sshrpc-lint-ignore unbounded-string
Good:  // sshrpc-lint-ignore unbounded-string: the gateway bounds all messages to 64 KiB

Fix: write the name of the rule, a colon and the reason.`,
};

/** Ignores match a finding. */
export const unusedIgnore: RuleInfo = {
  id: "unused-ignore",
  level: "warn",
  title: "Ignores match a finding.",
  explanation: `An ignore that matches no finding hides the next one at its place. The rule looks at comments
and at lint.ignore of the config file, and not at those for rules that are off.

Bad:   // sshrpc-lint-ignore unbounded-string: short
       title: Type.String({ maxLength: 255 })
Good:  title: Type.String({ maxLength: 255 })

Fix: remove it.`,
};

const COMMENT = /(?:\/\/|\/\*+)\s*sshrpc-lint-ignore\b[ \t]*([^\s:*]*)[ \t]*(?::[ \t]*(.*?)[ \t]*)?(?:\*\/.*)?\r?$/;

/** The ignore comments of a file, and what is wrong with others. */
export function readComments(
  file: string,
  text: string,
  known: readonly RuleInfo[],
): { readonly ignores: readonly Ignore[]; readonly invalid: readonly Finding[] } {
  const lines = text.split("\n");
  const ignores: Ignore[] = [];
  const invalid: Finding[] = [];
  for (const [index, line] of lines.entries()) {
    const found = COMMENT.exec(line);
    if (found === null) continue;
    const [, rule = "", reason = ""] = found;
    const at = { file, line: index + 1, column: found.index + 1 };
    const problem = describeProblem(rule, reason, known);
    if (problem !== undefined) {
      invalid.push({ at, path: "", message: problem });
      continue;
    }
    const target = targetOf(lines, index);
    ignores.push({
      rule,
      matches: ({ at: place }) => place.file === file && place.line === target,
      finding: {
        at,
        path: "",
        message: `nothing to ignore: no finding of ${rule} in line ${target}; remove the comment`,
      },
    });
  }
  return { ignores, invalid };
}

function describeProblem(rule: string, reason: string, known: readonly RuleInfo[]): string | undefined {
  const ids = known.map(({ id }) => id);
  if (rule === "") return "missing rule; write // sshrpc-lint-ignore RULE: and why";
  if (!ids.includes(rule))
    return `unknown rule ${JSON.stringify(rule)}${suggestion(rule, ids)}; "sshrpc explain" lists the rules`;
  return reason === "" ? `missing reason; write // sshrpc-lint-ignore ${rule}: and why` : undefined;
}

/** The line that a comment is about: its own if it has code, or the next one with code. Lines count from 1. */
function targetOf(lines: readonly string[], index: number): number {
  let isInside = false;
  const target = lines.findIndex((line, other) => {
    if (other < index) return false;
    const { code, isOpen } = withoutComments(line, isInside);
    isInside = isOpen;
    return code.trim() !== "";
  });
  return target === -1 ? index + 1 : target + 1;
}

/** The code of a line. @param isInside whether a comment of an earlier line goes on in it */
function withoutComments(line: string, isInside: boolean): { readonly code: string; readonly isOpen: boolean } {
  const text = `${isInside ? "/*" : ""}${line}`.replaceAll(/\/\*.*?\*\/|\/\/.*/gs, "");
  const open = text.indexOf("/*");
  return open === -1 ? { code: text, isOpen: false } : { code: text.slice(0, open), isOpen: true };
}
