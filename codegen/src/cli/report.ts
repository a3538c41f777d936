import { errorMessage } from "../base/error-message.js";
import { type Position, SchemaProblem } from "../base/problem.js";
import type { GenerateResult } from "../generate.js";
import type { CodegenIo } from "./io.js";
import { repositoryPath } from "./repository-path.js";

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
  io: Pick<CodegenIo, "stdout" | "stderr" | "cwd">,
): void {
  const { problems } = error;
  // GitHub Actions reads annotations from either stream; standard output may be parsed as JSON.
  if (json === true) io.stdout.write(`${JSON.stringify({ ok: false, problems })}\n`);
  else io.stderr.write(`${describeError(error)}\n`);
  if (ci !== true) return;
  const style = { level: "error", title, cwd: io.cwd() } as const;
  for (const { path, message, ...at } of problems) io.stderr.write(`${annotationOf({ at, path, message }, style)}\n`);
}

/** A message, and where it belongs. */
interface Annotated {
  readonly at: Position | undefined;
  /** The path in the schema; empty for the whole module. */
  readonly path: string;
  readonly message: string;
}

/** A message as a workflow command of GitHub Actions, which shows it at the line in a pull request. */
export function annotationOf(
  { at, path, message }: Annotated,
  { level, title, cwd }: { readonly level: "error" | "warning"; readonly title: string; readonly cwd: string },
): string {
  const text = path === "" ? message : `${path}: ${message}`;
  const place = at && `file=${escapeProperty(repositoryPath(at.file, cwd))},line=${at.line},col=${at.column},`;
  return `::${level} ${place ?? ""}title=${escapeProperty(title)}::${escapeData(text)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
