import type { Contract, ServedContract } from "sshrpc/contract";
import { compareContracts } from "../compare/compare-contracts.js";
import type { MethodChange } from "../compare/compare-methods.js";
import { TypeComparison } from "../compare/compare-types.js";
import { checkContract } from "../compare/parse-contract.js";
import type { TypePair } from "../compare/type-pairs.js";
import type { Change } from "../rules/change.js";
import { ruleOf } from "../rules/rules.js";
import type { Term, Types } from "../subset/alternative.js";
import { Expander } from "../subset/expand.js";
import { Prover } from "../subset/prove.js";
import { SameSchemas } from "../subset/same.js";
import { Candidates } from "../witness/candidates.js";
import { judgeTypes, type TypeCase } from "./judge-types.js";
import { judgementOf, sidesOf } from "./sides.js";
import { SideValidators } from "./validators.js";

/**
 * Compares two versions of a contract, as `sshrpc diff` does: every difference, and whether a client of the old version can call a server
 * of the new one. `breaking` has a witness; `compatible` of types is proven; all else is `unknown`, with the reason.
 * @param oldSide the contract of the clients in use: as `fetchContract` returns it, or `{ contract, complete: true }` with the content of an
 * `api.json`
 * @param newSide the contract of the new server, in the same form
 * @returns an empty list if the contracts differ in nothing that affects calls or sources
 * @throws Error that says what is wrong with a contract
 */
export function diffContracts(oldSide: ServedContract, newSide: ServedContract): readonly Change[] {
  const old = { ...oldSide, contract: checkContract(oldSide.contract, "the old contract") };
  const next = { ...newSide, contract: checkContract(newSide.contract, "the new contract") };
  const types = { old: typesOf(old.contract), new: typesOf(next.contract) };
  const same = { old: new SameSchemas(types.old, types.new), new: new SameSchemas(types.new, types.old) };
  const { pairs, changes } = compareContracts(old, next, same.old);
  const comparison = new TypeComparison(types.old, types.new, same.old);
  const proverFrom = (sender: "old" | "new"): Prover => {
    const receiver = sender === "old" ? "new" : "old";
    return new Prover(new Expander(types[sender], "sender"), new Expander(types[receiver], "receiver"), same[sender]);
  };
  const senders = { old: senderOf(proverFrom("old")), new: senderOf(proverFrom("new")) };
  const cases = pairs.flatMap((pair) => caseOf(pair, comparison, senders));
  const validators = { old: new SideValidators(types.old), new: new SideValidators(types.new) };
  for (const one of cases.filter(needsValidators)) {
    for (const side of ["old", "new"] as const) {
      validators[side].add({ schema: one.pair[side], variant: one.sides.variant });
    }
  }
  const ofTypes = cases.flatMap((one) => {
    if (!needsValidators(one)) return judgeTypes(one, undefined);
    const [sender, receiver] = [one.sides.sender, one.sides.receiver].map((side) =>
      validators[side].get({ schema: one.pair[side], variant: one.sides.variant }),
    );
    if (typeof sender === "string") return judgeTypes(one, sender);
    if (typeof receiver === "string") return judgeTypes(one, receiver);
    return judgeTypes(one, sender && receiver && { sender, receiver });
  });
  return [...changes.map(changeOfMethod), ...ofTypes];
}

function typesOf({ types }: Contract): Types {
  return new Map(Object.entries(types));
}

type Sender = Pick<TypeCase, "prover" | "candidates">;

function senderOf(prover: Prover): Sender {
  return { prover, candidates: new Candidates(prover) };
}

/** Nothing for types that are equal, with their annotations. */
function caseOf(
  pair: TypePair,
  comparison: TypeComparison,
  senders: Readonly<Record<"old" | "new", Sender>>,
): readonly TypeCase[] {
  const sides = sidesOf(pair);
  const { prover, candidates } = senders[sides.sender];
  const sent: Term = [{ schema: pair[sides.sender], variant: sides.reading }];
  const received: Term = [{ schema: pair[sides.receiver], variant: sides.variant }];
  const isProven = prover.proves(sent, received);
  const found = comparison.of(pair.old, pair.new);
  return isProven && found.length === 0 ? [] : [{ pair, found, sides, prover, candidates, isProven, sent, received }];
}

function needsValidators({ isProven, found }: TypeCase): boolean {
  return !isProven || found.some(({ rule }) => ruleOf(rule).isSemantic === true);
}

function changeOfMethod(change: MethodChange & { readonly isCallback: boolean }): Change {
  const [verdict, order] = judgementOf(change.rule, change);
  const { fix } = ruleOf(change.rule);
  const isUnknown = change.reason !== undefined;
  const { witness, ...rest } = change;
  return {
    ...rest,
    path: "",
    place: {},
    verdict: isUnknown ? "unknown" : verdict,
    order: isUnknown ? "together" : order,
    ...(witness === undefined || verdict !== "breaking" ? {} : { witness }),
    ...(fix === undefined || verdict !== "breaking" ? {} : { fix }),
  };
}
