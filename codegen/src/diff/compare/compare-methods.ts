import type { MethodContract } from "sshrpc/contract";
import type { Change, Direction, Witness } from "../rules/change.js";
import type { RuleId } from "../rules/rules.js";
import type { MethodEntry } from "./match-methods.js";

/** A difference beside the types: its verdict follows from the rule. */
export interface MethodChange extends Pick<Change, "rule" | "method" | "old" | "new" | "reason"> {
  readonly direction: Direction;
  readonly status?: string;
  readonly witness?: Witness;
}

/** The differences of a method in both contracts, other than those of its types. */
export function compareMethods(old: MethodEntry, next: MethodEntry): readonly MethodChange[] {
  const change = (
    rule: RuleId,
    values: Partial<Pick<MethodChange, "old" | "new" | "witness" | "direction" | "status" | "reason">>,
  ): MethodChange => ({ rule, method: next.id, direction: "method", ...values });
  const [before, after] = [old.method, next.method];
  const changes: MethodChange[] = [];
  if (old.resource !== next.resource) {
    changes.push(change("resource-renamed", { old: old.resource, new: next.resource }));
  }
  if (before.kind !== after.kind) {
    const outcome = old.isCallback
      ? `refused: the new server calls it as ${after.kind}, and the old client serves it as ${before.kind}`
      : `refused: the old client calls it as ${before.kind}, and the new server serves it as ${after.kind}`;
    changes.push(change("kind-changed", { old: before.kind, new: after.kind, witness: { call: old.id, outcome } }));
  }
  if (before.idempotent !== after.idempotent) {
    const values = { old: before.idempotent, new: after.idempotent };
    const outcome = "after a lost connection the old client repeats it, and it has its effect twice";
    changes.push(
      before.idempotent
        ? change("idempotency-lost", { ...values, witness: { call: old.id, outcome } })
        : change("idempotency-gained", values),
    );
  }
  if (before.onInterrupt !== after.onInterrupt) {
    const values = { old: before.onInterrupt, new: after.onInterrupt };
    const outcome = "INTERRUPTED where the server was restarted while the call ran";
    changes.push(
      after.onInterrupt === undefined
        ? change("rerun-lost", { ...values, witness: { call: old.id, outcome } })
        : change("rerun-gained", values),
    );
  }
  return [
    ...changes,
    ...compareScope(before, after).map(([rule, values]) => change(rule, values(old.id))),
    ...compareTimeout(old, next).map(([rule, values]) => change(rule, values(old.id))),
    ...compareStreams(before, after).map(([rule, values]) => change(rule, values)),
    ...compareErrors(before, after).map(([rule, values]) => change(rule, values)),
    ...(before.description !== after.description || before.deprecated !== after.deprecated
      ? [change("documentation-changed", {})]
      : []),
  ];
}

type Values = Partial<Pick<MethodChange, "old" | "new" | "witness" | "direction" | "status" | "reason">>;

function compareScope(old: MethodContract, next: MethodContract): readonly [RuleId, (id: string) => Values][] {
  if (old.scope === next.scope) return [];
  const values = { old: old.scope, new: next.scope };
  if (next.scope === undefined) return [["scope-removed", () => values]];
  const outcome = `FORBIDDEN for a key ${old.scope === undefined ? "without scopes" : `with the scope ${old.scope}`}`;
  const rule = old.scope === undefined ? "scope-added" : "scope-changed";
  return [[rule, (call) => ({ ...values, witness: { call, outcome } })]];
}

function compareTimeout(
  { method: old, isCallback }: MethodEntry,
  { method: next }: MethodEntry,
): readonly [RuleId, (id: string) => Values][] {
  if (old.timeout === next.timeout) return [];
  const values = { old: old.timeout, new: next.timeout };
  // A stream has no timeout unless it declares one; that of a unary call is an option of client and server.
  const reason =
    old.kind === "unary" && (old.timeout === undefined || next.timeout === undefined)
      ? "the timeout of a method without one is an option of client and server"
      : undefined;
  const [before, after] = [old.timeout ?? Infinity, next.timeout ?? Infinity];
  if (reason !== undefined)
    return [[after < before ? "timeout-lowered" : "timeout-raised", () => ({ ...values, reason })]];
  if (after > before) return [["timeout-raised", () => values]];
  const own = old.timeout === undefined ? "" : `, such as a command; a generated client sends its own, ${before} ms`;
  const outcome = isCallback
    ? `DEADLINE_EXCEEDED: the new server waits ${after} ms for the old client`
    : `DEADLINE_EXCEEDED after ${after} ms, for a caller that sends no deadline${own}`;
  return [["timeout-lowered", (call) => ({ ...values, witness: { call, outcome } })]];
}

function compareStreams(old: MethodContract, next: MethodContract): readonly [RuleId, Values][] {
  const found: [RuleId, Values][] = [];
  for (const [key, direction] of [
    ["requestStream", "request item"],
    ["responseStream", "response item"],
  ] as const) {
    const [before, after] = [old[key], next[key]];
    if (before === undefined || after === undefined || (before === "bytes") === (after === "bytes")) continue;
    const shown = (stream: unknown): string => (stream === "bytes" ? "bytes" : "JSON items");
    const outcome = `the old client ${direction === "request item" ? "sends" : "expects"} ${shown(before)}`;
    const witness = { call: direction, outcome };
    found.push(["stream-changed", { direction, old: shown(before), new: shown(after), witness }]);
  }
  const [before, after] = [old.response, next.response];
  if (before !== undefined && after === undefined) {
    const witness = { call: "response", outcome: "the stream ends without the response that the old client expects" };
    found.push(["response-removed", { direction: "response", old: before, witness }]);
  }
  if (before === undefined && after !== undefined)
    found.push(["response-added", { direction: "response", new: after }]);
  return found;
}

function compareErrors(old: MethodContract, next: MethodContract): readonly [RuleId, Values][] {
  const [before, after] = [Object.entries(old.errors ?? {}), Object.entries(next.errors ?? {})];
  const lacks = (list: readonly (readonly [string, unknown])[], status: string): boolean =>
    !list.some(([other]) => other === status);
  return [
    ...after
      .filter(([status]) => lacks(before, status))
      .map(([status, details]): [RuleId, Values] => {
        const witness = { call: status, outcome: `the old client does not declare ${status}` };
        return ["error-status-added", { direction: "error details", status, new: details, witness }];
      }),
    ...before
      .filter(([status]) => lacks(after, status))
      .map(([status, details]): [RuleId, Values] => [
        "error-status-removed",
        { direction: "error details", status, old: details },
      ]),
  ];
}
