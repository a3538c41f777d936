/** `@sshrpc/codegen/lint`: checks a schema, as `sshrpc lint` does, for tools of your own. */

import { readLintConfig } from "./lint/lint-config.js";
import type { LintFinding } from "./lint/lint-model.js";
import { runLint } from "./lint/lint-schema.js";
import type { Level } from "./lint/rules/rule.js";
import { checkGenerateOptions, type GenerateOptions, LOAD_TIMEOUT, resolveOptions } from "./options.js";

export { SchemaProblem } from "./base/problem.js";
export type { LintFinding } from "./lint/lint-model.js";
export type { Level, RuleInfo } from "./lint/rules/rule.js";
export { ALL_RULES as RULES } from "./lint/rules.js";

/** The schema to check, and what `lint` in `sshrpc.config.json` says. The config file itself is not read. */
export interface LintOptions extends Pick<GenerateOptions, "cwd" | "schema" | "loadTimeout"> {
  /** Levels by rule. Default: those of the rules. */
  readonly rules?: Readonly<Record<string, Level>>;
  /** Accepted findings: the rule, the path in the schema, in which `*` matches any text, and the reason. Default: none. */
  readonly ignore?: readonly { readonly rule: string; readonly path: string; readonly reason: string }[];
}

/**
 * Loads a schema, and runs the rules.
 * @returns the findings that are neither ignored nor off, in source order
 * @throws SchemaProblem with what `sshrpc gen` would refuse, Error that names an invalid option
 */
export async function lintSchema({ rules, ignore, ...options }: LintOptions = {}): Promise<readonly LintFinding[]> {
  checkGenerateOptions(options);
  const config = readLintConfig({ rules, ignore }, "options");
  return await runLint({ ...resolveOptions(options), timeout: options.loadTimeout ?? LOAD_TIMEOUT }, config);
}
