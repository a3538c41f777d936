import { errorMessage } from "../base/error-message.js";
import { InvalidOptionsError } from "../base/invalid-options-error.js";
import { readAccepted } from "./report/accepted.js";
import { type DiffReport, reportOf } from "./report/diff-report.js";
import { loadSource } from "./sources/load-source.js";
import type { SourceOptions } from "./sources/source.js";

interface DiffRun extends SourceOptions {
  /** The file of accepted breaks, if it is named. */
  readonly accepted: string | undefined;
}

/**
 * Loads both contracts and compares them.
 * @throws InvalidOptionsError, SchemaProblem
 */
export async function runDiff(
  sources: { readonly old: string; readonly new: string | undefined },
  run: DiffRun,
): Promise<DiffReport> {
  const accepted = readAccepted(run.accepted, run.cwd);
  // One after the other: a schema runs in the thread that the previous one has warmed.
  const old = await loadSource(sources.old, run);
  const next = await loadSource(sources.new, run);
  const [before, after] = [old.contract.name, next.contract.name];
  if (before !== after) {
    throw new InvalidOptionsError(
      `${old.label} and ${next.label} are contracts of two APIs, ${JSON.stringify(before)} and ${JSON.stringify(after)}; compare versions of one`,
    );
  }
  try {
    return reportOf(old, next, accepted);
  } catch (error) {
    // A contract that codegen has not written may have any value as a schema.
    throw new InvalidOptionsError(`the contracts cannot be compared: ${errorMessage(error)}`, { cause: error });
  }
}
