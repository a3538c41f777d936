import { type Effect, OVERLAP, SETTING } from "../history/effect.js";
import type { Call, History } from "./history.js";
import type { Violations } from "./violations.js";

/** Statuses with which a server refuses a call before it runs: the call has had no effect. */
const REFUSED = new Set([
  ...["BAD_REQUEST", "UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "METHOD_NOT_ALLOWED", "PRECONDITION_FAILED"],
  ...["MESSAGE_TOO_LARGE", "UNIMPLEMENTED"],
]);

/**
 * Compares the answers that callers have with what the handlers have recorded: each acknowledged call had its effect, once; no call had an
 * effect twice, also one without an answer; all calls with one key got the same answer; and nothing else happened.
 */
export function checkEffects({ effects, calls }: History, violations: Violations): void {
  const byIntent = new Map<string, Effect[]>();
  for (const [index, effect] of effects.entries()) {
    const { seq, method, intent } = effect;
    if (seq !== index + 1) violations.add("the record has a gap", `effect ${seq} at place ${index + 1}`);
    if (method === OVERLAP) violations.add("two handlers ran for one key", intent);
    else push(byIntent, `${method} ${intent}`, effect);
  }
  const callsByIntent = new Map<string, Call[]>();
  for (const call of calls) {
    if (call.intent !== undefined) push(callsByIntent, `${call.method} ${call.intent}`, call);
  }
  for (const [intent, found] of byIntent) {
    if (!callsByIntent.has(intent)) violations.add("an effect without a call", `${intent}: effect ${seqs(found)}`);
  }
  for (const [intent, made] of callsByIntent) checkIntent(intent, made, byIntent.get(intent) ?? [], violations);
}

function checkIntent(intent: string, calls: readonly Call[], effects: readonly Effect[], violations: Violations): void {
  const what = `${intent} (${calls.map(({ id, ended }) => `${id}: ${ended?.status ?? "no end"}`).join(", ")})`;
  const succeeded = calls.filter(({ ended }) => ended?.status === "OK");
  const repeats = calls.some(({ method }) => method === SETTING);
  if (succeeded.length > 0 && effects.length === 0) violations.add("acknowledged, but not done", what);
  if (effects.length > 1 && !repeats) violations.add("done twice", `${what}: effects ${seqs(effects)}`);
  const isRefused = calls.every(({ ended }) => ended !== undefined && REFUSED.has(ended.status));
  if (isRefused && effects.length > 0) violations.add("refused, but done", `${what}: effect ${seqs(effects)}`);
  for (const { ended } of succeeded) {
    if (ended?.seq !== undefined && !effects.some(({ seq }) => seq === ended.seq)) {
      violations.add("a response of another call", `${what}: effects ${seqs(effects)}, response ${ended.seq}`);
    }
  }
  const wasInterrupted = calls.some(({ key, ended }) => key !== undefined && ended?.status === "INTERRUPTED");
  if (wasInterrupted && succeeded.length > 0) violations.add("two outcomes of one key", what);
}

/** The calls of settings: a revision that was acknowledged is never lost. */
export function checkSettings({ calls }: History, violations: Violations): void {
  const acknowledged = new Map<string, number>();
  // One worker makes the calls of a name, one after the other, so that the journal has them in order.
  for (const { method, name, revision, ended, id } of calls) {
    if (name === undefined || ended?.status !== "OK") continue;
    const known = acknowledged.get(name) ?? 0;
    if (method === SETTING) acknowledged.set(name, Math.max(known, revision ?? 0));
    else if (ended.revision !== undefined && ended.revision < known) {
      violations.add(
        "a lost setting",
        `${id} reads revision ${ended.revision} of ${name}, after ${known} was acknowledged`,
      );
    }
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

function seqs(effects: readonly Effect[]): string {
  return effects.map(({ seq }) => seq).join(", ") || "none";
}
