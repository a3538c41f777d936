import type { Problem } from "../base/problem.js";
import type { ApiModel } from "../model/api-model.js";
import { type Ignore, invalidIgnore, readComments, unusedIgnore } from "./ignores.js";
import type { LintConfig } from "./lint-config.js";
import type { Finding, Level, RuleInfo } from "./rules/rule.js";
import { ALL_RULES, RULES } from "./rules.js";

/** A finding that is not ignored. */
export interface LintFinding extends Problem {
  readonly rule: string;
  readonly level: Exclude<Level, "off">;
}

/**
 * Runs the rules.
 * @param model with details
 * @param texts the sources of the schema, by their names in positions
 * @returns what is neither ignored nor off, in source order
 */
export async function lintModel(
  model: ApiModel,
  texts: ReadonlyMap<string, string>,
  config: LintConfig,
): Promise<readonly LintFinding[]> {
  const levelOf = ({ id, level }: RuleInfo): Level => config.levels[id] ?? level;
  const found: LintFinding[] = [];
  const add = (rule: RuleInfo, { at, path, message }: Finding): void => {
    const level = levelOf(rule);
    const { file, line, column } = at;
    if (level !== "off") found.push({ rule: rule.id, level, file, line, column, path, message });
  };
  const comments = [...texts].map(([file, text]) => readComments(file, text, ALL_RULES));
  const ignores = [...comments.flatMap((comment) => comment.ignores), ...config.ignores];
  const used = new Set<Ignore>();
  for (const rule of RULES) {
    if (levelOf(rule) === "off") continue;
    const own = ignores.filter((ignore) => ignore.rule === rule.id);
    for (const findings of byPlace(await rule.check(model))) {
      const matching = own.filter((ignore) => findings.some((finding) => ignore.matches(finding)));
      for (const ignore of matching) used.add(ignore);
      const [first] = findings;
      if (matching.length === 0 && first !== undefined) add(rule, first);
    }
  }
  for (const { invalid } of comments) for (const finding of invalid) add(invalidIgnore, finding);
  const active = new Set(ALL_RULES.filter((rule) => levelOf(rule) !== "off").map(({ id }) => id));
  for (const ignore of ignores) if (active.has(ignore.rule) && !used.has(ignore)) add(unusedIgnore, ignore.finding);
  return found.sort(inSourceOrder);
}

/** A declaration that several types have copied is found in each of them: one finding with several paths, of which an ignore names any. */
function byPlace(findings: readonly Finding[]): readonly (readonly Finding[])[] {
  const places = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { file, line, column } = finding.at;
    const key = `${file}:${line}:${column}: ${finding.message}`;
    const others = places.get(key);
    if (others === undefined) places.set(key, [finding]);
    else others.push(finding);
  }
  return [...places.values()];
}

function inSourceOrder(a: LintFinding, b: LintFinding): number {
  return compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.rule, b.rule);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
