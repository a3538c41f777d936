import type { Contract, ServedContract } from "sshrpc/contract";
import type { SameSchemas } from "../subset/same.js";
import { compareMethods, type MethodChange } from "./compare-methods.js";
import { entriesOf, type MethodEntry, matchMethods } from "./match-methods.js";
import { type TypePair, typePairs } from "./type-pairs.js";

/** The types to compare, and all differences beside them. */
interface Comparison {
  readonly pairs: readonly TypePair[];
  readonly changes: readonly (MethodChange & { readonly isCallback: boolean })[];
}

/** The differences of the methods of two contracts, and the types that both have. */
export function compareContracts(old: ServedContract, next: ServedContract, same: SameSchemas): Comparison {
  const parts = (["resources", "callbacks"] as const).map((key): Comparison => {
    const isCallback = key === "callbacks";
    const [before, after] = [entriesOf(old.contract, key), entriesOf(next.contract, key)];
    const { both, renamed, removed, added } = matchMethods(before, after, same);
    const changes = [
      ...renamed.map(([one, other]) => renamedMethod(one, other)),
      ...removed.map((entry) => removedMethod(entry, next)),
      ...added.map((entry) => addedMethod(entry, old, next)),
      ...both.flatMap(([one, other]) => compareMethods(one, other)),
    ];
    return {
      pairs: both.flatMap(([one, other]) => typePairs({ method: other.id, isCallback }, one.method, other.method)),
      changes: changes.map((change) => ({ ...change, isCallback })),
    };
  });
  const released = old.complete && next.complete ? releasedNames(old.contract, next.contract) : [];
  return {
    pairs: parts.flatMap(({ pairs }) => pairs),
    changes: [...parts.flatMap(({ changes }) => changes), ...released],
  };
}

/** Names, paths and verbs that are no longer reserved, and not in use again. */
function releasedNames(old: Contract, next: Contract): Comparison["changes"] {
  const lost = (before: readonly string[] = [], after: readonly string[] = [], isUsed: (text: string) => boolean) =>
    before.filter((text) => !after.includes(text) && !isUsed(text));
  const all = Object.entries({ ...next.resources, ...next.callbacks });
  const ofApi = lost(old.reserved, next.reserved, (text) =>
    all.some(([name, { path }]) => [name, path].includes(text)),
  );
  const verbs = Object.entries({ ...old.resources, ...old.callbacks }).flatMap(([name, { path, reserved }]) => {
    const other = next.resources[name] ?? next.callbacks[name];
    if (other === undefined) return [];
    return lost(reserved, other.reserved, (verb) => Object.hasOwn(other.methods, verb)).map(
      (verb) => `${verb} ${path}`,
    );
  });
  return [...ofApi, ...verbs].map((text) => {
    return { rule: "reserved-name-released", method: text, direction: "method", old: text, isCallback: false };
  });
}

function renamedMethod(one: MethodEntry, other: MethodEntry): MethodChange {
  const isMoved = one.resource === other.resource && one.verb === other.verb;
  const witness = one.isCallback
    ? { call: other.id, outcome: "UNIMPLEMENTED: the new server calls it, and the old client does not serve it" }
    : { call: one.id, outcome: "the new server has no such method" };
  const rule = isMoved ? "path-changed" : "method-renamed";
  return { rule, method: one.id, direction: "method", old: one.id, new: other.id, witness };
}

function removedMethod({ id, isCallback }: MethodEntry, next: ServedContract): MethodChange {
  const change = { method: id, direction: "method", old: id } as const;
  if (!next.complete) {
    const reason = "the new server shows a part of its contract only: the key may lack the scope of the method";
    return { rule: "method-removed", ...change, reason };
  }
  if (isCallback) return { rule: "callback-removed", ...change };
  return {
    rule: "method-removed",
    ...change,
    witness: { call: id, outcome: "the new server has no such method" },
  };
}

function addedMethod(entry: MethodEntry, old: ServedContract, next: ServedContract): MethodChange {
  const { isCallback } = entry;
  const change = { method: entry.id, direction: "method", new: entry.id } as const;
  if (isReserved(entry, old) || isReserved(entry, next)) {
    const witness = { call: entry.id, outcome: "a client of an earlier version reads the old meaning" };
    return { rule: "reserved-name-reused", ...change, witness };
  }
  if (!old.complete) {
    const reason = "the old server shows a part of its contract only: it may have the method";
    return { rule: isCallback ? "callback-added" : "method-added", ...change, reason };
  }
  return { rule: isCallback ? "callback-added" : "method-added", ...change };
}

/** Whether the name or path of the resource is reserved, or the verb of the resource. */
function isReserved({ resource, path, verb }: MethodEntry, { contract }: ServedContract): boolean {
  const isOfApi = contract.reserved?.some((text) => text === resource || text === path) === true;
  const all = { ...contract.resources, ...contract.callbacks };
  return isOfApi || all[resource]?.reserved?.includes(verb) === true;
}
