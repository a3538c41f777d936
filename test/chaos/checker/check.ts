import { checkCalls } from "./check-calls.js";
import { checkEffects, checkSettings } from "./check-effects.js";
import { checkOutcomes } from "./check-outcomes.js";
import { checkUploads } from "./check-uploads.js";
import { readHistory } from "./history.js";
import { StreamCheck } from "./stream-check.js";
import { summarize } from "./summary.js";
import { Violations } from "./violations.js";

/** What the checker says of a run. */
export interface Verdict {
  readonly report: string;
  /** Number of violations. */
  readonly violations: number;
  /** The rules that are violated. */
  readonly rules: readonly string[];
}

/** Checks the files of a run: the handlers' record, the clients' journals, the faults and the uploads. */
export async function check(directory: string): Promise<Verdict> {
  const violations = new Violations();
  const streams = new StreamCheck(violations);
  const history = await readHistory(directory, (client, line, effects) => streams.take(client, line, effects));
  streams.end(history);
  checkEffects(history, violations);
  checkSettings(history, violations);
  checkCalls(history, violations);
  checkOutcomes(history, violations);
  await checkUploads(directory, history, violations);
  const report = `${summarize(history, streams.taken)}\n${violations}`;
  return { report, violations: violations.count, rules: violations.rules };
}
