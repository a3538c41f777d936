import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { errorMessage } from "../../base/error-message.js";
import { InvalidOptionsError } from "../../base/invalid-options-error.js";
import { suggestion } from "../../base/suggestion.js";
import { withoutMark } from "../../base/without-mark.js";
import { checkNames } from "../../options.js";
import type { Change } from "../rules/change.js";
import { RULES } from "../rules/rules.js";

/** The default file, which is optional. */
const ACCEPTED_FILE = "sshrpc.accepted.json";

/** A breaking or unknown change that the file accepts. */
export interface AcceptedBreak {
  readonly rule: string;
  readonly method: string;
  /** As the diff prints it; empty for a change of the method itself. */
  readonly path: string;
  /** The direction, where the same path is meant in one of several. */
  readonly direction?: string;
  readonly reason: string;
  /** Such as 2026-11-30. */
  readonly date: string;
}

const REQUIRED = ["rule", "method", "path", "reason", "date"] as const;

/**
 * Reads accepted breaks: a JSON array of {@link AcceptedBreak}.
 * @param file default: `sshrpc.accepted.json`, if it exists
 * @throws InvalidOptionsError with the file and the entry
 */
export function readAccepted(file: string | undefined, cwd: string): readonly AcceptedBreak[] {
  const name = file ?? ACCEPTED_FILE;
  const path = resolve(cwd, name);
  if (file === undefined && !existsSync(path)) return [];
  let entries: unknown;
  try {
    entries = JSON.parse(withoutMark(readFileSync(path, "utf8")));
  } catch (error) {
    throw new InvalidOptionsError(`${name}: cannot be read: ${errorMessage(error)}`, { cause: error });
  }
  if (!Array.isArray(entries)) throw new InvalidOptionsError(`${name}: expected an array of accepted breaks`);
  const accepted = entries.map((entry, index) => checkEntry(entry, `${name}: entry ${index + 1}: `));
  const keys = accepted.map(({ rule, method, path: place, direction }) => [rule, method, place, direction].join(" "));
  const repeated = keys.findIndex((key, index) => keys.indexOf(key) < index);
  if (repeated !== -1) {
    const first = keys.indexOf(keys[repeated] ?? "") + 1;
    throw new InvalidOptionsError(
      `${name}: entry ${repeated + 1}: accepts the same change as entry ${first}; remove one`,
    );
  }
  return accepted;
}

function checkEntry(entry: unknown, place: string): AcceptedBreak {
  if (typeof entry !== "object" || entry === null) throw new InvalidOptionsError(`${place}expected an object`);
  checkNames(entry, [...REQUIRED, "direction"], place);
  const fields = entry as Readonly<Record<string, unknown>>;
  const missing = REQUIRED.find((key) => typeof fields[key] !== "string" || (key !== "path" && fields[key] === ""));
  if (missing !== undefined) throw new InvalidOptionsError(`${place}"${missing}" must be a text`);
  const accepted = entry as AcceptedBreak;
  if (!Object.hasOwn(RULES, accepted.rule)) {
    throw new InvalidOptionsError(
      `${place}unknown rule ${JSON.stringify(accepted.rule)}${suggestion(accepted.rule, Object.keys(RULES))}`,
    );
  }
  if (!isDay(accepted.date)) {
    throw new InvalidOptionsError(`${place}"date" must be a day such as 2026-11-30`);
  }
  return accepted;
}

/** Days that a month does not have become days of the next one. */
function isDay(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** The changes with the entry that accepts each, and the entries that accept nothing. */
export function applyAccepted(
  changes: readonly Change[],
  accepted: readonly AcceptedBreak[],
): {
  readonly changes: readonly (Change & { readonly accepted?: AcceptedBreak })[];
  readonly stale: readonly AcceptedBreak[];
} {
  const used = new Set<AcceptedBreak>();
  const marked = changes.map((change) => {
    if (change.verdict !== "breaking" && change.verdict !== "unknown") return change;
    const entry = accepted.find((one) => matches(one, change));
    if (entry === undefined) return change;
    used.add(entry);
    return { ...change, accepted: entry };
  });
  return { changes: marked, stale: accepted.filter((entry) => !used.has(entry)) };
}

function matches({ rule, method, path, direction }: AcceptedBreak, change: Change): boolean {
  if (rule !== change.rule || method !== change.method || path !== change.path) return false;
  return direction === undefined || direction === change.direction;
}
