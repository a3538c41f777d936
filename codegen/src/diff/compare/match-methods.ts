import type { Contract, MethodContract, ResourceContract, Verb } from "sshrpc/contract";
import type { SameSchemas } from "../subset/same.js";
import { typePairs } from "./type-pairs.js";

/** A method with its place in a contract. */
export interface MethodEntry {
  /** Such as `GET /notes/{id}`. */
  readonly id: string;
  readonly verb: Verb;
  readonly resource: string;
  readonly path: string;
  readonly isCallback: boolean;
  readonly method: MethodContract;
}

/** The methods of two contracts: those of both, those that one lacks, and those that seem to have another id. */
interface MatchedMethods {
  readonly both: readonly (readonly [MethodEntry, MethodEntry])[];
  readonly renamed: readonly (readonly [MethodEntry, MethodEntry])[];
  readonly removed: readonly MethodEntry[];
  readonly added: readonly MethodEntry[];
}

/** The methods that clients call, or those that servers call. */
export function entriesOf(contract: Contract, key: "resources" | "callbacks"): readonly MethodEntry[] {
  const isCallback = key === "callbacks";
  return Object.entries(contract[key]).flatMap(([resource, { path, methods }]: [string, ResourceContract]) =>
    Object.entries(methods).map(([verb, method]) => ({
      ...{ id: `${verb} ${path}`, verb: verb as Verb, resource, path, isCallback, method: method as MethodContract },
    })),
  );
}

/** Pairs methods by their ids, and what remains by the resource and the verb, or by equal types. */
export function matchMethods(
  old: readonly MethodEntry[],
  next: readonly MethodEntry[],
  same: SameSchemas,
): MatchedMethods {
  const byId = new Map(next.map((entry) => [entry.id, entry]));
  const ids = new Set(old.map(({ id }) => id));
  const both = old.flatMap((entry) => {
    const other = byId.get(entry.id);
    return other === undefined ? [] : [[entry, other] as const];
  });
  const gone = new Set(old.filter(({ id }) => !byId.has(id)));
  const added = new Set(next.filter(({ id }) => !ids.has(id)));
  const renamed: (readonly [MethodEntry, MethodEntry])[] = [];
  const pair = (matches: (one: MethodEntry, other: MethodEntry) => boolean): void => {
    for (const one of gone) {
      const candidates = [...added].filter((other) => matches(one, other));
      const [other] = candidates;
      if (other === undefined || candidates.length > 1) continue;
      if ([...gone].filter((rival) => matches(rival, other)).length > 1) continue;
      gone.delete(one);
      added.delete(other);
      renamed.push([one, other]);
    }
  };
  pair((one, other) => one.resource === other.resource && one.verb === other.verb);
  pair((one, other) => (one.path === other.path || one.verb === other.verb) && haveSameShape(one, other, same));
  return { both, renamed, removed: [...gone], added: [...added] };
}

function haveSameShape({ method: one }: MethodEntry, { method: other }: MethodEntry, same: SameSchemas): boolean {
  if (one.kind !== other.kind || (one.response === undefined) !== (other.response === undefined)) return false;
  const statuses = ({ errors }: MethodContract): string =>
    Object.keys(errors ?? {})
      .sort()
      .join();
  if (one.requestStream === "bytes" ? other.requestStream !== "bytes" : other.requestStream === "bytes") return false;
  if (one.responseStream === "bytes" ? other.responseStream !== "bytes" : other.responseStream === "bytes")
    return false;
  const pairs = typePairs({ method: "", isCallback: false }, one, other);
  return statuses(one) === statuses(other) && pairs.every((pair) => same.are(pair.old, pair.new));
}
