import type { Validator } from "sshrpc/generated";
import type { Found } from "../compare/found.js";
import type { TypePair } from "../compare/type-pairs.js";
import { type Change, jsonPath, type Witness } from "../rules/change.js";
import { ruleOf, type Verdict } from "../rules/rules.js";
import type { Term } from "../subset/alternative.js";
import { TooComplex } from "../subset/expand.js";
import type { Prover } from "../subset/prove.js";
import type { Candidates } from "../witness/candidates.js";
import { describeIssue, isSent, refusedCandidates, smallest } from "../witness/find-witness.js";
import { sampleWith } from "../witness/sample-with.js";
import { type Explained, refusedFor } from "./explain.js";
import { judgementOf, type Sides } from "./sides.js";

/** A pair of types with its differences, and what decides their verdicts. */
export interface TypeCase {
  readonly pair: TypePair;
  readonly found: readonly Found[];
  readonly sides: Sides;
  readonly prover: Prover;
  readonly candidates: Candidates;
  /** Whether the receiver accepts every value of the sender. */
  readonly isProven: boolean;
  readonly sent: Term;
  readonly received: Term;
}

type CompiledSides = { readonly sender: Validator; readonly receiver: Validator };

/** The changes of one pair of types, each with its verdict. @param compiled the validators, or why there are none */
export function judgeTypes(one: TypeCase, compiled: CompiledSides | string | undefined): readonly Change[] {
  const changes = one.found.map((found) => judge(found, one, compiled));
  if (one.isProven || changes.some(({ verdict }) => verdict === "breaking" || verdict === "unknown")) return changes;
  // The differences that have names are not all.
  const refused =
    typeof compiled === "object" ? refusedCandidates(one.candidates.of(one.sent, one.received), compiled) : [];
  const other = smallest(refused);
  const rest: Found = { rule: "type-changed", keys: other?.keys ?? [], place: {} };
  return [
    ...changes,
    other === undefined
      ? changeOf(rest, one, { verdict: "unknown", reason: reasonOf(rest, compiled) })
      : changeOf(rest, one, {
          verdict: "breaking",
          witness: witnessOf({ refused: other, issue: other.issues[0] }, one),
        }),
  ];
}

function judge(found: Found, one: TypeCase, compiled: CompiledSides | string | undefined): Change {
  const { pair, isProven } = one;
  const [expected] = judgementOf(found.rule, pair);
  const rule = ruleOf(found.rule);
  const isNote = rule.request?.[0] === "source-only";
  // A property without a declaration may have had another type.
  const isAdded = found.rule.endsWith("-property-added");
  if (isNote || (expected === "compatible" && !isAdded)) return changeOf(found, one, { verdict: expected });
  const witness = isProven || typeof compiled !== "object" ? undefined : explained(found, one, compiled);
  if (witness !== undefined) return changeOf(found, one, { verdict: "breaking", witness: witnessOf(witness, one) });
  if (rule.isSemantic === true) return judgeMeaning(found, one, compiled);
  if (expected !== "breaking") return changeOf(found, one, { verdict: expected });
  if (isProven || isProvenAt(found, one)) return changeOf(found, one, { verdict: "compatible" });
  return changeOf(found, one, { verdict: "unknown", reason: reasonOf(found, compiled) });
}

/** A value that is refused because of the change. */
function explained(found: Found, one: TypeCase, compiled: CompiledSides): Explained | undefined {
  const { candidates, sent, received } = one;
  const first = refusedFor(found, refusedCandidates(candidates.at(found.keys, sent, received), compiled));
  if (first !== undefined || found.rule !== "property-renamed") return first;
  const other = [...found.keys.slice(0, -1), { property: String(found.new) }];
  return refusedFor(found, refusedCandidates(candidates.at(other, sent, received), compiled));
}

/** A name with another meaning breaks also where every value is valid. */
function judgeMeaning(found: Found, one: TypeCase, compiled: CompiledSides | string | undefined): Change {
  const keys =
    found.rule === "property-renamed" && one.sides.sender === "new"
      ? [...found.keys.slice(0, -1), { property: String(found.new) }]
      : found.keys;
  if (found.rule === "reserved-name-reused" && one.sides.sender === "old") {
    const outcome =
      "a client of an earlier version sends the property with its old meaning, and the new server accepts it";
    return changeOf(found, one, { verdict: "breaking", witness: { call: one.pair.method, outcome } });
  }
  const value = sample(one, keys);
  const isVerified = typeof compiled === "object" && value !== undefined && isSent(value, compiled.sender);
  if (!isVerified) {
    const reason = "no value was found that has the property";
    return changeOf(found, one, { verdict: "unknown", reason });
  }
  return changeOf(found, one, { verdict: "breaking", witness: { value, sender: peerOf(one.sides) } });
}

function sample({ prover, sent }: TypeCase, keys: Found["keys"]): unknown {
  try {
    return sampleWith(prover.sender, sent, keys);
  } catch (error) {
    if (error instanceof TooComplex) return undefined;
    throw error;
  }
}

/** Whether the schemas at the place alone decide it: another place may be what is not proven. */
function isProvenAt({ schemas }: Found, { sides, prover }: TypeCase): boolean {
  if (schemas === undefined) return false;
  const [old, next] = schemas;
  const [sent, received] = sides.sender === "old" ? [old, next] : [next, old];
  return prover.proves([{ schema: sent, variant: sides.reading }], [{ schema: received, variant: sides.variant }]);
}

function reasonOf({ rule }: Found, compiled: CompiledSides | string | undefined): string {
  if (typeof compiled === "string") return `the validators cannot be compiled: ${compiled}`;
  if (/^(pattern|format|constraint)-/.test(rule)) {
    return "patterns, formats and conditions are compared as texts, and no value was found that one side refuses";
  }
  return "neither a proof nor a value was found that one side sends and the other refuses";
}

function witnessOf({ refused, issue }: Explained, { sides }: TypeCase): Witness {
  return { value: refused.value, sender: peerOf(sides), refusal: describeIssue(issue) };
}

function peerOf({ sender }: Sides): "old client" | "new server" {
  return sender === "old" ? "old client" : "new server";
}

function changeOf(
  found: Found,
  { pair }: TypeCase,
  result: { readonly verdict: Verdict; readonly reason?: string; readonly witness?: Witness },
): Change {
  const { method, isCallback, direction, status } = pair;
  const [, order] = judgementOf(found.rule, pair);
  const { fix } = ruleOf(found.rule);
  return {
    ...{ rule: found.rule, method, isCallback, direction, path: jsonPath(found.keys), place: found.place },
    ...(status === undefined ? {} : { status }),
    ...(found.old === undefined ? {} : { old: found.old }),
    ...(found.new === undefined ? {} : { new: found.new }),
    ...result,
    order: result.verdict === "unknown" ? "together" : order,
    ...(fix === undefined || result.verdict === "compatible" ? {} : { fix }),
  };
}
