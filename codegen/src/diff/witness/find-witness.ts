import type { Validator } from "sshrpc/generated";
import { canonicalJson } from "../../model/schema/json-value.js";
import { type Key } from "../rules/change.js";
import type { Candidate } from "./candidates.js";

/** A value that the sender's validator accepts and the receiver's refuses. */
export interface Refused extends Candidate {
  readonly refusal: string;
  /** The first place that the receiver names, as a JSON pointer. */
  readonly at: string;
}

/** More candidates are not tried. */
const MAX_CANDIDATES = 3_000;

/** The candidates that the sender's validator accepts, as they are sent, and the receiver's refuses. */
export function refusedCandidates(
  candidates: Iterable<Candidate>,
  { sender, receiver }: { readonly sender: Validator; readonly receiver: Validator },
): readonly Refused[] {
  const found: Refused[] = [];
  let count = 0;
  for (const candidate of candidates) {
    count += 1;
    if (count > MAX_CANDIDATES) break;
    if (!isSent(candidate.value, sender) || receiver(candidate.value)) continue;
    const [first] = receiver.errors ?? [];
    found.push({ ...candidate, refusal: describe(first), at: first?.instancePath ?? "" });
  }
  return found;
}

/** Whether a peer sends the value as it is: what its schema does not declare does not leave a server. */
export function isSent(value: unknown, sender: Validator): boolean {
  if (!sender(value)) return false;
  if (sender.projection === undefined) return true;
  const text = sender.projection.write(value);
  return text !== undefined && canonicalJson(JSON.parse(text)) === canonicalJson(value);
}

function describe(error: NonNullable<Validator["errors"]>[number] | undefined): string {
  if (error === undefined) return "refused";
  const { instancePath, keyword, params } = error;
  const text = Object.values(params).length === 0 ? "" : ` ${JSON.stringify(params)}`;
  return `${instancePath === "" ? "/" : instancePath}: ${keyword}${text}`;
}

/** The smallest witness at a place: one that was made for it, or for the part of it that is refused. */
export function witnessAt(refused: readonly Refused[], keys: readonly Key[]): Refused | undefined {
  const place = JSON.stringify(keys);
  const exact = refused.filter((one) => JSON.stringify(one.keys) === place);
  const wanted = pointerOf(keys);
  const parent = pointerOf(keys.slice(0, -1));
  const isNamed = ({ at }: Refused): boolean => {
    const text = at.replaceAll(/\/\d+(?=\/|$)/g, "/*");
    return matches(text, wanted) || matches(text, parent);
  };
  return smallest(exact.filter(isNamed)) ?? smallest(exact);
}

export function smallest(refused: readonly Refused[]): Refused | undefined {
  let best: Refused | undefined;
  let size = Infinity;
  for (const one of refused) {
    const { length } = JSON.stringify(one.value);
    if (length < size) [best, size] = [one, length];
  }
  return best;
}

/** Items and record values are `*`. */
function pointerOf(keys: readonly Key[]): string {
  return keys.map((key) => (typeof key === "string" || "item" in key ? "/*" : `/${key.property}`)).join("");
}

function matches(pointer: string, wanted: string): boolean {
  const [parts, expected] = [pointer.split("/"), wanted.split("/")];
  return parts.length === expected.length && parts.every((part, index) => expected[index] === "*" || part === expected[index]);
}
