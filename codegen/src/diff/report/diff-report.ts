import { diffContracts } from "../judge/diff-contracts.js";
import type { Change } from "../rules/change.js";
import type { Verdict } from "../rules/rules.js";
import type { Source } from "../sources/source.js";
import { type AcceptedBreak, applyAccepted } from "./accepted.js";

/** A change, and the entry that accepts it. */
export type ReportedChange = Change & { readonly accepted?: AcceptedBreak };

/** What a run of `sshrpc diff` has found. */
export interface DiffReport {
  readonly old: Source;
  readonly new: Source;
  readonly changes: readonly ReportedChange[];
  /** Entries of the accepted breaks that accept nothing. */
  readonly stale: readonly AcceptedBreak[];
  /** What concerns both contracts as a whole. */
  readonly notes: readonly string[];
  /** Whether a change breaks that no entry accepts. */
  readonly isBreaking: boolean;
}

/** Compares two contracts of one API. */
export function reportOf(old: Source, next: Source, accepted: readonly AcceptedBreak[]): DiffReport {
  const { changes, stale } = applyAccepted(diffContracts(old, next), accepted);
  const isBreaking = changes.some((change) => change.verdict === "breaking" && change.accepted === undefined);
  const partial = [old, next].filter(({ complete }) => !complete);
  return {
    ...{ old, new: next, changes, stale, isBreaking },
    notes: [
      ...partial.map(
        ({ label }) => `${label} shows a part of its contract; the whole requires the scope sshrpc:contract`,
      ),
      ...(isBreaking && areSwapped(old, next)
        ? [
            `the versions go down (${old.contract.version} to ${next.contract.version}), and the change back breaks nothing: OLD and NEW may be swapped`,
          ]
        : []),
    ],
  };
}

/** The number of changes of each verdict, accepted ones aside. */
export function countVerdicts(changes: readonly ReportedChange[]): Readonly<Record<Verdict | "accepted", number>> {
  const counts = { breaking: 0, unknown: 0, compatible: 0, "source-only": 0, accepted: 0 };
  for (const { verdict, accepted } of changes) counts[accepted === undefined ? verdict : "accepted"] += 1;
  return counts;
}

function areSwapped(old: Source, next: Source): boolean {
  if (compareVersions(old.contract.version, next.contract.version) <= 0) return false;
  return diffContracts(next, old).every(({ verdict }) => verdict !== "breaking");
}

function compareVersions(a: string, b: string): number {
  const numbers = (version: string): number[] => version.split(/[.+-]/).map((part) => Number.parseInt(part, 10) || 0);
  const [one, other] = [numbers(a), numbers(b)];
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
