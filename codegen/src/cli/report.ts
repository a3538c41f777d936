import { errorMessage } from "../base/error-message.js";
import { type Problem, SchemaProblem } from "../base/problem.js";
import type { GenerateResult } from "../generate.js";
import type { CodegenIo } from "./io.js";

/** The command has failed, and has printed why: `sshrpc` exits with status 1 and prints nothing more. */
export class ReportedFailure extends Error {
  readonly isReported = true;
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2 = 1) {
    super();
    this.exitCode = exitCode;
  }
}

/** One line about a run: the changed files and the duration. */
export function describeResult({ out, written, removed, milliseconds }: GenerateResult): string {
  const parts = [
    ...(written.length === 0 ? [] : [`wrote ${written.join(", ")}`]),
    ...(removed.length === 0 ? [] : [`removed ${removed.join(", ")}`]),
  ];
  return `${out}: ${parts.length === 0 ? "no changes" : parts.join("; ")} (${milliseconds} ms)`;
}

/** The reason of a failed run: one line for each problem of the schema, or one line for any other error. */
export function describeError(error: unknown): string {
  if (error instanceof SchemaProblem) return error.message;
  return `sshrpc: ${errorMessage(error)}`;
}

/** Reports a schema that `gen` refuses, as the flags of a command ask: as text or JSON, and as annotations. */
export function reportProblems(
  error: SchemaProblem,
  { json, ci, title }: { readonly json: boolean | undefined; readonly ci: boolean | undefined; readonly title: string },
  { stdout, stderr }: Pick<CodegenIo, "stdout" | "stderr">,
): void {
  const { problems } = error;
  // GitHub Actions reads annotations from either stream; standard output may be parsed as JSON.
  if (json === true) stdout.write(`${JSON.stringify({ ok: false, problems })}\n`);
  else stderr.write(`${describeError(error)}\n`);
  if (ci !== true) return;
  stderr.write(problems.map((problem) => `${annotationOf(problem, { level: "error", title })}\n`).join(""));
}

/** A problem as a workflow command of GitHub Actions, which shows it at the line in a pull request. */
export function annotationOf(
  { file, line, column, path, message }: Problem,
  { level, title }: { readonly level: "error" | "warning"; readonly title: string },
): string {
  const text = path === "" ? message : `${path}: ${message}`;
  const place = `file=${escapeProperty(file)},line=${line},col=${column}`;
  return `::${level} ${place},title=${escapeProperty(title)}::${escapeData(text)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
