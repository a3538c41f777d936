import type { Change } from "../rules/change.js";
import type { Source } from "../sources/source.js";
import { countVerdicts, type DiffReport } from "./diff-report.js";
import { locator } from "./locate.js";

/** A report as plain JSON, with the line of each change in the schema or the api.json of the new contract, where there is one. */
export function jsonReport({ old, new: next, changes, stale, notes, isBreaking }: DiffReport): object {
  const at = locator(next);
  return {
    ok: !isBreaking,
    old: sourceOf(old),
    new: sourceOf(next),
    counts: countVerdicts(changes),
    changes: changes.map((change) => ({ ...withoutPlace(change), at: at(change) })),
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
