import { errorMessage } from "../base/error-message.js";
import { SchemaProblem } from "../base/problem.js";
import type { GenerateResult } from "../generate.js";

/** One line about a run: what changed, and how long it took. */
export function describeResult({ out, written, removed, milliseconds }: GenerateResult): string {
  const parts = [
    ...(written.length === 0 ? [] : [`wrote ${written.join(", ")}`]),
    ...(removed.length === 0 ? [] : [`removed ${removed.join(", ")}`]),
  ];
  return `${out}: ${parts.length === 0 ? "nothing changed" : parts.join("; ")} (${milliseconds} ms)`;
}

/** Why a run failed: one line for each problem of a schema, or one line in all. */
export function describeError(error: unknown): string {
  if (error instanceof SchemaProblem) return error.message;
  return `sshrpc: ${errorMessage(error)}`;
}
