import { InvalidOptionsError } from "../base/invalid-options-error.js";
import { suggestion } from "../base/suggestion.js";
import type { Ignore } from "./ignores.js";
import { LEVELS, type Level } from "./rules/rule.js";
import { ALL_RULES } from "./rules.js";

/** The part `lint` of a config file. */
export interface LintConfig {
  /** Levels by rule, where they differ from those of the rules. */
  readonly levels: Readonly<Record<string, Level>>;
  readonly ignores: readonly Ignore[];
}

const KEYS = ["rules", "ignore"];
const IGNORE_KEYS = ["rule", "path", "reason"];

/**
 * Reads `{ "rules": { "unused-type": "off" }, "ignore": [{ "rule": "…", "path": "Note.*", "reason": "…" }] }`.
 * @param file the config file, for messages
 * @throws InvalidOptionsError with the file and the key
 */
export function readLintConfig(value: unknown, file: string): LintConfig {
  const config = objectOf(value ?? {}, `${file}: lint`, KEYS);
  const rules = Object.entries(objectOf(config["rules"] ?? {}, `${file}: lint.rules`));
  const ignore = config["ignore"] ?? [];
  if (!Array.isArray(ignore))
    throw new InvalidOptionsError(`${file}: lint.ignore: expected an array of { "rule", "path", "reason" }`);
  const levels = rules.map(([id, level]) => [
    checkedRule(id, `${file}: lint.rules`),
    levelOf(level, `${file}: lint.rules.${id}`),
  ]);
  return {
    levels: Object.fromEntries(levels),
    ignores: ignore.map((entry, index) => ignoreOf(entry, file, `${file}: lint.ignore[${index}]`)),
  };
}

function levelOf(value: unknown, place: string): Level {
  const level = LEVELS.find((one) => one === value);
  if (level !== undefined) return level;
  throw new InvalidOptionsError(`${place}: expected one of ${LEVELS.map((one) => JSON.stringify(one)).join(", ")}`);
}

function ignoreOf(entry: unknown, file: string, place: string): Ignore {
  const { rule, path, reason } = objectOf(entry, place, IGNORE_KEYS);
  for (const [key, value] of Object.entries({ rule, path, reason })) {
    if (typeof value !== "string" || value === "") throw new InvalidOptionsError(`${place}: missing "${key}", a text`);
  }
  const id = checkedRule(String(rule), place);
  const parts = String(path)
    .split("*")
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const pattern = new RegExp(`^${parts.join(".*")}$`, "s");
  const message = `nothing to ignore: no finding of ${id} at ${path}; remove it from lint.ignore`;
  return {
    rule: id,
    matches: (finding) => pattern.test(finding.path),
    finding: { at: { file, line: 1, column: 1 }, path: "", message },
  };
}

function checkedRule(id: string, place: string): string {
  const ids = ALL_RULES.map((rule) => rule.id);
  if (ids.includes(id)) return id;
  const message = `unknown rule ${JSON.stringify(id)}${suggestion(id, ids)}; "sshrpc explain" lists the rules`;
  throw new InvalidOptionsError(`${place}: ${message}`);
}

/** @param known the keys that it may have; without it, any */
function objectOf(value: unknown, place: string, known?: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidOptionsError(`${place}: expected an object`);
  const unknown = Object.keys(value).find((key) => known?.includes(key) === false);
  if (known !== undefined && unknown !== undefined) {
    const hint = suggestion(unknown, known);
    throw new InvalidOptionsError(`${place}: unknown option "${unknown}"${hint}; known options: ${known.join(", ")}`);
  }
  return value as Readonly<Record<string, unknown>>;
}
