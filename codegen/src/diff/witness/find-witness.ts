import type { Validator } from "sshrpc/generated";
import { canonicalJson } from "../../model/schema/json-value.js";
import type { Candidate } from "./candidates.js";

/** One reason of a receiver. */
export type Issue = NonNullable<Validator["errors"]>[number];

/** A value that the sender's validator accepts and the receiver's refuses. */
export interface Refused extends Candidate {
  readonly issues: readonly Issue[];
}

/** More candidates of one search are not tried. */
const MAX_CANDIDATES = 1_000;

/** The candidates that the sender's validator accepts, as they are sent, and the receiver's refuses. */
export function* refusedCandidates(
  candidates: Iterable<Candidate>,
  { sender, receiver }: { readonly sender: Validator; readonly receiver: Validator },
): Generator<Refused, void> {
  let count = 0;
  for (const candidate of candidates) {
    count += 1;
    if (count > MAX_CANDIDATES) return;
    if (!isRefused(candidate.value, { sender, receiver })) continue;
    yield { ...candidate, issues: receiver.errors ?? [] };
  }
}

/** A value for which a validator throws proves nothing. */
function isRefused(
  value: unknown,
  { sender, receiver }: { readonly sender: Validator; readonly receiver: Validator },
): boolean {
  try {
    return isSent(value, sender) && !receiver(value);
  } catch {
    return false;
  }
}

/** Whether a peer sends the value as it is: what its schema does not declare does not leave a server. */
export function isSent(value: unknown, sender: Validator): boolean {
  if (!sender(value)) return false;
  if (sender.projection === undefined) return true;
  const text = sender.projection.write(value);
  return text !== undefined && canonicalJson(JSON.parse(text)) === canonicalJson(value);
}

/** The one with the shortest text. */
export function smallest<One extends Candidate>(values: Iterable<One>): One | undefined {
  let best: One | undefined;
  let size = Number.POSITIVE_INFINITY;
  for (const one of values) {
    const { length } = JSON.stringify(one.value);
    if (length < size) [best, size] = [one, length];
  }
  return best;
}

/** What the receiver says, in one line. */
export function describeIssue(issue: Issue | undefined): string {
  if (issue === undefined) return "refused";
  const { instancePath, keyword, params } = issue;
  const text = Object.values(params).length === 0 ? "" : ` ${JSON.stringify(params)}`;
  return `${instancePath === "" ? "/" : instancePath}: ${keyword}${text}`;
}
