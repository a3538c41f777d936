import { type Command, InvalidArgumentError } from "commander";
import { settingsOf } from "sshrpc/config";
import { formatProblem, SchemaProblem } from "../base/problem.js";
import type { LintFinding } from "../lint/lint-model.js";
import { LOAD_TIMEOUT, resolveOptions } from "../options.js";
import { addLoadFlags, type GenFlags, generateOptions } from "./gen-options.js";
import type { CodegenIo } from "./io.js";
import { annotationOf, ReportedFailure, reportProblems } from "./report.js";

interface LintFlags extends Pick<GenFlags, "schema" | "loadTimeout"> {
  readonly maxWarnings?: number;
  readonly json?: boolean;
  readonly ci?: boolean;
  /** Of the config file alone. */
  readonly rules?: unknown;
  readonly ignore?: unknown;
}

/** Adds `sshrpc lint`. Exit status: 1 for errors or too many warnings, 2 if the schema cannot be loaded. */
export function addLintCommand(program: Command, io: CodegenIo): void {
  const command = program
    .command("lint")
    .description("check the schema for names, documentation, bounds, scopes and patterns that cause trouble later")
    .argument("[schema]", "schema module (default: that of gen, schema/api.ts)");
  addLoadFlags(command)
    .option("--max-warnings <number>", "exit with status 1 if there are more warnings", countOf)
    .option("--json", "print the findings as JSON on standard output")
    .option("--ci", "print findings as annotations of GitHub Actions, too")
    .action((schema: string | undefined, flags: LintFlags) =>
      lint({ ...flags, ...(schema !== undefined && { schema }) }, settingsOf(command).file, io),
    );
}

/** @param file the config file, for messages */
async function lint(flags: LintFlags, file: string | undefined, io: CodegenIo): Promise<void> {
  const options = generateOptions(flags, io.cwd());
  const { rules, ignore } = flags;
  const { readLintConfig } = await import("../lint/lint-config.js");
  const config = readLintConfig(
    { ...(rules !== undefined && { rules }), ...(ignore !== undefined && { ignore }) },
    file ?? "config",
  );
  const { runLint } = await import("../lint/lint-schema.js");
  const request = { ...resolveOptions(options), timeout: options.loadTimeout ?? LOAD_TIMEOUT };
  const findings = await runLint(request, config).catch((error: unknown) => refuse(error, flags, io));
  report(findings, flags, io);
}

function report(findings: readonly LintFinding[], { json, ci, maxWarnings }: LintFlags, io: CodegenIo): void {
  const errors = findings.filter(({ level }) => level === "error").length;
  const warnings = findings.length - errors;
  const isOver = maxWarnings !== undefined && warnings > maxWarnings;
  const ok = errors === 0 && !isOver;
  if (json === true) io.stdout.write(`${JSON.stringify({ ok, errors, warnings, findings })}\n`);
  else io.stdout.write(`${findings.map(describeFinding).join("")}${summary(errors, warnings)}\n`);
  if (ci === true) io.stderr.write(findings.map((finding) => annotation(finding, io.cwd())).join(""));
  if (isOver) io.stderr.write(`sshrpc: ${counted(warnings, "warning")}, more than --max-warnings ${maxWarnings}\n`);
  if (!ok) throw new ReportedFailure();
}

/** Reports a schema that `gen` refuses, too. */
function refuse(error: unknown, { json, ci }: LintFlags, io: CodegenIo): never {
  if (!(error instanceof SchemaProblem)) throw error;
  reportProblems(error, { json, ci, title: "sshrpc lint" }, io);
  throw new ReportedFailure(2);
}

function describeFinding(finding: LintFinding): string {
  const { level, rule, message } = finding;
  return `${formatProblem({ ...finding, message: `${level === "warn" ? "warning" : level}: ${message} (${rule})` })}\n`;
}

function annotation(finding: LintFinding, cwd: string): string {
  const { level, rule, path, message } = finding;
  const style = { level: level === "warn" ? "warning" : level, title: `sshrpc lint ${rule}`, cwd } as const;
  return `${annotationOf({ at: finding, path, message }, style)}\n`;
}

function summary(errors: number, warnings: number): string {
  if (errors + warnings === 0) return "no findings";
  return `${counted(errors, "error")}, ${counted(warnings, "warning")}; "sshrpc explain RULE" explains a rule`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function countOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Use a whole number.");
}
