import type { Change } from "../rules/change.js";
import type { Source } from "../sources/source.js";
import { countVerdicts, type DiffReport } from "./diff-report.js";
import { locate } from "./locate.js";

/** A report as plain JSON, with the line of each change in the schema of the new contract. */
export function jsonReport({ old, new: next, changes, stale, notes, isBreaking }: DiffReport): object {
  return {
    ok: !isBreaking,
    old: sourceOf(old),
    new: sourceOf(next),
    counts: countVerdicts(changes),
    changes: changes.map((change) => ({ ...withoutPlace(change), at: locate(change, next) })),
    stale,
    notes,
  };
}

function withoutPlace({ place: _, ...change }: Change): object {
  return change;
}

function sourceOf({ label, contract: { name, version, hash }, complete }: Source): object {
  return { source: label, name, version, hash, complete };
}
