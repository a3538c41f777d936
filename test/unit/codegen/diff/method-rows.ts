import type { RuleId } from "../../../../codegen/src/diff/rules/rules.js";

/** A change of a method. Declarations are texts of a schema: `M` is a unary method with a response `I`, an integer, and `F` is a number. */
export interface MethodRow {
  readonly name: string;
  /** The name of the new resource, where it is another one. */
  readonly newName?: string;
  /** The rules of the change, and those of the change back. */
  readonly rules: readonly [forward: readonly RuleId[], back: readonly RuleId[]];
  /** The declarations of the old and the new version; undefined for none. */
  readonly declared: readonly [old: string | undefined, next: string | undefined];
  /**
   * What becomes of the calls of an old client at a new server, and of a new client at an old one: their statuses with the items that
   * arrived; empty where it makes none.
   */
  readonly outcomes: readonly [forward: string, back: string];
  /** What the peer of each version sends as item, response and details. Default: 1. */
  readonly values?: readonly [old: unknown, next: unknown];
  /** The request of each version. Default: the empty object. */
  readonly requests?: readonly [old: unknown, next: unknown];
  /** Handlers that need a minute, or whose first call loses the connection after its effect. Default: they answer at once. */
  readonly work?: "slow" | "lossy";
  /** The exit statuses of a command that calls the method, at a new server and at an old one: it sends no deadline of its own. */
  readonly commands?: readonly [atNew: number, atOld: number];
  /** Whether the server calls and the client serves. */
  readonly isCallback?: true;
}

/** A row whose change back has the same rule and outcome. */
const bothWays = (name: string, rule: RuleId, outcome: string): Pick<MethodRow, "name" | "rules" | "outcomes"> => ({
  name,
  rules: [[rule], [rule]],
  outcomes: [outcome, outcome],
});

const M = "GET: M";
const ITEMS = "GET: { request: R, responseStream: I }";
const SENT = "UPDATE: { request: R, requestStream: I, response: F }";
const wider = (text: string): string => text.replace("Stream: I", "Stream: F");
const withBytes = (text: string): string => text.replace("Stream: I", "Stream: Bytes");
const failing = (type: string): string => `GET: { ...M, errors: { CONFLICT: ${type} } }`;
const scoped = (scope: string): string => `GET: { ...M, scope: "${scope}" }`;
const timed = (text: string, ms: number): string => text.replace(" }", `, timeout: ${ms} }`);
/** Timeouts in ms: too short for a minute of work, and long enough. */
const [SHORT, LONG] = [100, 3_600_000];
const text = (length: number): string =>
  `GET: { request: Type.Object({ t: Type.String({ maxLength: ${length} }) }), response: I }`;

const OF_NAMES: readonly MethodRow[] = [
  {
    name: "gone",
    rules: [["method-removed"], ["method-added"]],
    declared: [M, undefined],
    outcomes: ["UNIMPLEMENTED", ""],
  },
  {
    name: "verb",
    rules: [["method-removed"], ["method-added"]],
    declared: [`${M}, STORE: M`, "STORE: M"],
    outcomes: ["METHOD_NOT_ALLOWED, OK", "OK"],
  },
  { ...bothWays("moved", "path-changed", "UNIMPLEMENTED"), declared: [M, `path: "/elsewhere", ${M}`] },
  {
    ...bothWays("param", "path-changed", "UNIMPLEMENTED"),
    declared: [
      'path: "/param/{a}", GET: { request: Type.Object({ a: Type.String() }), response: I }',
      'path: "/param/{b}", GET: { request: Type.Object({ b: Type.String() }), response: I }',
    ],
    requests: [{ a: "x" }, { b: "x" }],
  },
  { ...bothWays("named", "method-renamed", "UNIMPLEMENTED"), newName: "renamed", declared: ["DELETE: M", "DELETE: M"] },
  {
    ...bothWays("alias", "resource-renamed", "OK"),
    newName: "aliased",
    declared: [`path: "/alias", ${M}`, `path: "/alias", ${M}`],
  },
  {
    ...bothWays("text", "documentation-changed", "OK"),
    declared: [M, 'GET: { ...M, deprecated: "use the other one" }'],
  },
];

const OF_STREAMS: readonly MethodRow[] = [
  {
    name: "itemsSent",
    rules: [["integer-to-number"], ["number-to-integer"]],
    declared: [SENT, wider(SENT)],
    values: [1, 1.5],
    outcomes: ["OK 1", "BAD_REQUEST"],
  },
  {
    name: "items",
    rules: [["integer-to-number"], ["number-to-integer"]],
    declared: [ITEMS, wider(ITEMS)],
    values: [1, 1.5],
    outcomes: ["INTERNAL", "OK 1"],
  },
  {
    ...bothWays("bytes", "stream-changed", ""),
    outcomes: ["INTERNAL", "OK bytes of 1"],
    declared: [ITEMS, withBytes(ITEMS)],
  },
  {
    ...bothWays("bytesSent", "stream-changed", ""),
    outcomes: ["OK bytes of 1", "BAD_REQUEST"],
    declared: [SENT, withBytes(SENT)],
  },
  {
    ...bothWays("kindOut", "kind-changed", "BAD_REQUEST"),
    declared: [M, ITEMS.replace(" }", ", response: I }")],
  },
  { ...bothWays("kindIn", "kind-changed", "BAD_REQUEST"), declared: ["UPDATE: M", SENT.replace("F", "I")] },
  {
    ...bothWays("kindBoth", "kind-changed", "BAD_REQUEST"),
    declared: [SENT, SENT.replace("response", "responseStream: I, response")],
  },
  {
    name: "final",
    rules: [["response-added"], ["response-removed"]],
    declared: [ITEMS, ITEMS.replace(" }", ", response: I }")],
    outcomes: ["OK 1", "INTERNAL 1"],
  },
];

const OF_CALLS: readonly MethodRow[] = [
  {
    name: "scope",
    rules: [["scope-added"], ["scope-removed"]],
    declared: [M, scoped("a:b")],
    outcomes: ["FORBIDDEN", "OK"],
  },
  {
    name: "swap",
    rules: [["scope-changed"], ["scope-changed"]],
    declared: [scoped("held:a"), scoped("a:b")],
    outcomes: ["FORBIDDEN", "FORBIDDEN"],
  },
  {
    name: "error",
    rules: [["error-status-added"], ["error-status-removed"]],
    declared: [M, failing("I")],
    outcomes: ["CONFLICT", "OK"],
  },
  {
    name: "details",
    rules: [["integer-to-number"], ["number-to-integer"]],
    declared: [failing("I"), failing("F")],
    values: [1, 1.5],
    outcomes: ["INTERNAL", "CONFLICT"],
  },
  {
    name: "limit",
    rules: [["bound-tightened"], ["bound-loosened"]],
    declared: [text(40_000), text(10)],
    requests: [{ t: "a".repeat(40_000) }, { t: "a" }],
    outcomes: ["MESSAGE_TOO_LARGE", "OK"],
  },
  {
    name: "retry",
    work: "lossy",
    rules: [["idempotency-lost"], ["idempotency-gained"]],
    declared: [M, "GET: { ...M, idempotent: false }"],
    outcomes: ["OK after 2 effects", "OK after 1 effects"],
  },
  {
    name: "slowStream",
    work: "slow",
    rules: [["timeout-lowered"], ["timeout-raised"]],
    declared: [ITEMS, timed(ITEMS, SHORT)],
    outcomes: ["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"],
  },
  {
    name: "slow",
    work: "slow",
    rules: [["timeout-lowered"], ["timeout-raised"]],
    declared: [`GET: { ...M, timeout: ${LONG} }`, `GET: { ...M, timeout: ${SHORT} }`],
    outcomes: ["OK", "DEADLINE_EXCEEDED"],
    commands: [5, 0],
  },
];

const OF_CALLBACKS: readonly Omit<MethodRow, "isCallback">[] = [
  {
    name: "cbGone",
    rules: [["callback-removed"], ["callback-added"]],
    declared: [M, undefined],
    outcomes: ["", "UNIMPLEMENTED"],
  },
  {
    name: "cbRequest",
    rules: [["integer-to-number"], ["number-to-integer"]],
    declared: ["STORE: { request: I, response: Type.Null() }", "STORE: { request: F, response: Type.Null() }"],
    requests: [1, 1.5],
    values: [null, null],
    outcomes: ["BAD_REQUEST", "OK"],
  },
  {
    name: "cbResponse",
    rules: [["integer-to-number"], ["number-to-integer"]],
    declared: [M, "GET: { request: R, response: F }"],
    values: [1, 1.5],
    outcomes: ["OK", "INTERNAL"],
  },
  { ...bothWays("cbMoved", "path-changed", "UNIMPLEMENTED"), declared: [M, `path: "/cb-elsewhere", ${M}`] },
  { ...bothWays("cbKind", "kind-changed", "BAD_REQUEST"), declared: [M, ITEMS.replace(" }", ", response: I }")] },
  {
    name: "cbScope",
    rules: [["scope-added"], ["scope-removed"]],
    declared: [M, scoped("a:b")],
    outcomes: ["OK", "OK"],
  },
  {
    name: "cbRetry",
    work: "lossy",
    rules: [["idempotency-lost"], ["idempotency-gained"]],
    declared: [M, "GET: { ...M, idempotent: false }"],
    outcomes: ["UNAVAILABLE after 1 effects", "UNAVAILABLE after 1 effects"],
  },
  {
    name: "cbSlow",
    work: "slow",
    rules: [["timeout-lowered"], ["timeout-raised"]],
    declared: [`GET: { ...M, timeout: ${LONG} }`, `GET: { ...M, timeout: ${SHORT} }`],
    outcomes: ["DEADLINE_EXCEEDED", "OK"],
  },
];

/** The rows of "Compatible change" that concern methods. */
export const METHOD_ROWS: readonly MethodRow[] = [
  ...[...OF_NAMES, ...OF_STREAMS, ...OF_CALLS],
  ...OF_CALLBACKS.map((row): MethodRow => ({ ...row, isCallback: true })),
];
