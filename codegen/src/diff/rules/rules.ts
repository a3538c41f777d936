/** Whether a change breaks an old client that calls a new server; `source-only`: it may break only the compilation of programs. */
export type Verdict = "breaking" | "compatible" | "source-only" | "unknown";

/** Which side to update first; `any` where the order does not matter. */
export type Order = "server first" | "client first" | "together" | "any";

/** What a rule says of a direction: the verdict for what it describes as a rule, and the order. */
export type Judgement = readonly [verdict: Exclude<Verdict, "unknown">, order: Order];

/** A kind of change. */
export interface Rule {
  /** What has changed, for people. */
  readonly text: string;
  /** The judgement in requests and items of request streams; absent if it concerns no values. */
  readonly request?: Judgement;
  /** The same in responses, items of response streams and details of errors. */
  readonly response?: Judgement;
  /** The judgement of a change of a method, a resource or the contract. */
  readonly method?: Judgement;
  /** The rule of the change back. */
  readonly reverse: string;
  /** Whether the meaning breaks also where every value is still valid. */
  readonly isSemantic?: true;
  /** What to do in place of a breaking change. */
  readonly fix?: string;
}

const WIDER = { request: ["compatible", "server first"], response: ["breaking", "client first"] } as const;
const NARROWER = { request: ["breaking", "client first"], response: ["compatible", "server first"] } as const;
const BREAKS = { request: ["breaking", "together"], response: ["breaking", "together"] } as const;
const NOTE = { request: ["source-only", "any"], response: ["source-only", "any"] } as const;

const OPTIONAL_FIRST = "add it as optional, update every client, then require it";
const KEEP = "keep the old name beside the new one until no client uses it";
const HANDLE_FIRST = "update the clients first";

/** Every rule, by its id. */
export const RULES = {
  "required-property-added": {
    text: "required property added",
    request: ["breaking", "together"],
    response: ["compatible", "server first"],
    reverse: "required-property-removed",
    fix: OPTIONAL_FIRST,
  },
  "required-property-removed": {
    text: "required property removed",
    request: ["breaking", "together"],
    response: ["breaking", "client first"],
    reverse: "required-property-added",
    fix: "make it optional, update every peer that needs it, then remove it",
  },
  "optional-property-added": {
    text: "optional property added",
    request: ["compatible", "server first"],
    response: ["compatible", "any"],
    reverse: "optional-property-removed",
  },
  "optional-property-removed": {
    text: "optional property removed",
    request: ["breaking", "client first"],
    response: ["source-only", "any"],
    reverse: "optional-property-added",
    fix: "keep it, marked as deprecated, until no client sends it",
  },
  "property-now-optional": {
    text: "required property is now optional",
    ...WIDER,
    reverse: "property-now-required",
    fix: HANDLE_FIRST,
  },
  "property-now-required": {
    text: "optional property is now required",
    ...NARROWER,
    reverse: "property-now-optional",
    fix: "require it when every client sends it",
  },
  "integer-to-number": { text: "integer is now a number", ...WIDER, reverse: "number-to-integer", fix: HANDLE_FIRST },
  "number-to-integer": { text: "number is now an integer", ...NARROWER, reverse: "integer-to-number" },
  "null-added": { text: "null is now valid", ...WIDER, reverse: "null-removed", fix: HANDLE_FIRST },
  "null-removed": { text: "null is no longer valid", ...NARROWER, reverse: "null-added" },
  "union-member-added": { text: "union member added", ...WIDER, reverse: "union-member-removed", fix: HANDLE_FIRST },
  "union-member-removed": { text: "union member removed", ...NARROWER, reverse: "union-member-added" },
  "enum-value-added": { text: "value added", ...WIDER, reverse: "enum-value-removed", fix: HANDLE_FIRST },
  "enum-value-removed": { text: "value removed", ...NARROWER, reverse: "enum-value-added" },
  "intersection-member-removed": {
    text: "member of an intersection removed",
    ...WIDER,
    reverse: "intersection-member-added",
    fix: HANDLE_FIRST,
  },
  "intersection-member-added": {
    text: "member of an intersection added",
    ...NARROWER,
    reverse: "intersection-member-removed",
  },
  "bound-loosened": { text: "bound loosened", ...WIDER, reverse: "bound-tightened", fix: HANDLE_FIRST },
  "bound-tightened": { text: "bound tightened", ...NARROWER, reverse: "bound-loosened" },
  "constraint-removed": { text: "constraint removed", ...WIDER, reverse: "constraint-added", fix: HANDLE_FIRST },
  "constraint-added": { text: "constraint added", ...NARROWER, reverse: "constraint-removed" },
  "constraint-changed": { text: "constraint changed", ...BREAKS, reverse: "constraint-changed" },
  "pattern-changed": { text: "pattern changed", ...BREAKS, reverse: "pattern-changed" },
  "format-changed": { text: "format changed", ...BREAKS, reverse: "format-changed" },
  "discriminator-changed": { text: "discriminator changed", ...BREAKS, reverse: "discriminator-changed" },
  "type-widened": { text: "type is wider", ...WIDER, reverse: "type-narrowed", fix: HANDLE_FIRST },
  "type-narrowed": { text: "type is narrower", ...NARROWER, reverse: "type-widened" },
  "type-changed": { text: "type changed", ...BREAKS, reverse: "type-changed", fix: "add a property of the new type" },
  "undeclared-properties-allowed": {
    text: "undeclared properties are now valid",
    ...WIDER,
    reverse: "undeclared-properties-refused",
    fix: HANDLE_FIRST,
  },
  "undeclared-properties-refused": {
    text: "undeclared properties are no longer valid",
    ...NARROWER,
    reverse: "undeclared-properties-allowed",
  },
  "property-renamed": {
    text: "property renamed",
    ...BREAKS,
    reverse: "property-renamed",
    isSemantic: true,
    fix: KEEP,
  },
  "reserved-name-reused": {
    text: "reserved name used again",
    ...BREAKS,
    method: ["breaking", "together"],
    reverse: "required-property-removed",
    isSemantic: true,
    fix: "use another name: a client of an earlier version reads the old meaning",
  },
  "reserved-name-released": {
    text: "name no longer reserved: a later version may use it again",
    ...NOTE,
    method: ["source-only", "any"],
    reverse: "reserved-name-released",
  },
  "default-changed": { text: "default changed", ...NOTE, reverse: "default-changed" },
  "documentation-changed": {
    text: "documentation changed",
    ...NOTE,
    method: ["source-only", "any"],
    reverse: "documentation-changed",
  },
  "type-renamed": { text: "exported type renamed", ...NOTE, reverse: "type-renamed" },
  "error-status-added": {
    text: "error status added",
    response: ["breaking", "client first"],
    reverse: "error-status-removed",
    isSemantic: true,
    fix: "handle the status, or every other status, in the clients first",
  },
  "error-status-removed": {
    text: "error status removed",
    response: ["source-only", "server first"],
    reverse: "error-status-added",
  },
  "method-added": { text: "method added", method: ["compatible", "server first"], reverse: "method-removed" },
  "method-removed": {
    text: "method removed",
    method: ["breaking", "client first"],
    reverse: "method-added",
    fix: "mark it as deprecated, and remove it when no client calls it",
  },
  "method-renamed": { text: "method renamed", method: ["breaking", "together"], reverse: "method-renamed", fix: KEEP },
  "path-changed": { text: "path changed", method: ["breaking", "together"], reverse: "path-changed", fix: KEEP },
  "resource-renamed": {
    text: "name of the resource in generated code changed",
    method: ["source-only", "any"],
    reverse: "resource-renamed",
  },
  "callback-added": { text: "callback added", method: ["compatible", "any"], reverse: "callback-removed" },
  "callback-removed": { text: "callback removed", method: ["source-only", "any"], reverse: "callback-added" },
  "kind-changed": {
    text: "kind changed",
    method: ["breaking", "together"],
    reverse: "kind-changed",
    fix: "add a method of the new kind",
  },
  "stream-changed": {
    text: "stream of JSON items is now one of bytes, or the reverse",
    ...BREAKS,
    reverse: "stream-changed",
    fix: "add a method with the new stream",
  },
  "response-removed": {
    text: "response removed",
    response: ["breaking", "client first"],
    reverse: "response-added",
    isSemantic: true,
  },
  "response-added": { text: "response added", response: ["compatible", "server first"], reverse: "response-removed" },
  "idempotency-lost": {
    text: "no longer idempotent, but old clients retry it",
    method: ["breaking", "client first"],
    reverse: "idempotency-gained",
    fix: "update the clients first, or add a method",
  },
  "idempotency-gained": {
    text: "now idempotent: new clients retry it",
    method: ["compatible", "server first"],
    reverse: "idempotency-lost",
  },
  "rerun-lost": {
    text: "an interrupted call does not run again",
    method: ["breaking", "client first"],
    reverse: "rerun-gained",
    fix: HANDLE_FIRST,
  },
  "rerun-gained": {
    text: "an interrupted call is run again",
    method: ["compatible", "any"],
    reverse: "rerun-lost",
  },
  "scope-added": {
    text: "scope required",
    method: ["breaking", "client first"],
    reverse: "scope-removed",
    fix: "grant the scope to the keys of the callers first",
  },
  "scope-changed": {
    text: "another scope required",
    method: ["breaking", "together"],
    reverse: "scope-changed",
    fix: "grant the new scope to the keys of the callers first",
  },
  "scope-removed": { text: "scope no longer required", method: ["compatible", "server first"], reverse: "scope-added" },
  "timeout-lowered": {
    text: "timeout lowered",
    method: ["breaking", "together"],
    reverse: "timeout-raised",
    fix: "set the timeout in the calls that want less",
  },
  "timeout-raised": { text: "timeout raised", method: ["compatible", "server first"], reverse: "timeout-lowered" },
} as const satisfies Readonly<Record<string, Rule>>;

/** The id of a rule. */
export type RuleId = keyof typeof RULES;

/** The rule with this id. */
export function ruleOf(id: RuleId): Rule {
  return RULES[id];
}

/** An order for people. */
export function orderText(order: Order): string {
  return order === "together"
    ? "in steps, because no order of servers and clients works"
    : order === "any"
      ? "in any order"
      : order;
}
