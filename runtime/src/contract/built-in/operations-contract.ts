import type { JsonSchema, ResourceContract } from "../contract.js";
import { numberSchema as number, objectSchema as object, textSchema as text } from "./json-schemas.js";
import { HEALTH, KICK, KICK_CONNECTION, MAX_KICK_GRACE, MAX_KICK_REASON, STATUS } from "./operations.js";
import { MAX_ROWS, ROWS, STATUS_ORDERS } from "./server-status.js";

const NAMED_CONTRACT = object({ name: text(), version: text(), hash: text() });

const CONNECTION = object(
  {
    id: text("As in the log."),
    user: text("As the client claims it."),
    principal: text("The name that the login has proven."),
    fingerprint: text(),
    keyName: text(),
    address: text(),
    age: number("Milliseconds since the login."),
    calls: number("Calls that run."),
    memory: number("Bytes of memory that its calls hold."),
    bytesIn: number("Bytes received."),
    bytesOut: number("Bytes sent."),
  },
  ["user", "age", "calls", "memory"],
);

const METHOD = object(
  {
    method: text(),
    running: number("Calls that run."),
    ended: number("Calls that have ended."),
    statuses: { type: "object", additionalProperties: { type: "number" }, description: "These by status." },
    rate: number("Calls that ended per second, in the latest window."),
    p50: number("Median of their duration, in ms."),
    p99: number("99th percentile of their duration, in ms."),
  },
  ["method", "running", "ended", "statuses", "rate"],
);

const USAGE = object({ held: number(), limit: number() }, ["held"]);
const USAGES = { connections: USAGE, calls: USAGE, callbacks: USAGE, memory: USAGE };
const KEY = object({ key: text(), ...USAGES, rate: number("Its limit of calls per second.") }, [
  "key",
  ...Object.keys(USAGES),
]);

const KICK_FIELDS = {
  grace: {
    ...number("Milliseconds for running calls to finish. Default: 0."),
    type: "integer",
    minimum: 0,
    maximum: MAX_KICK_GRACE,
  },
  reason: { ...text("For the peer and the audit log."), maxLength: MAX_KICK_REASON },
};
const KICKED = object({ ended: number("How many connections end."), ...rows(CONNECTION) });
const OWN = "The connection of the caller is left open.";

/** The resources of the methods for operators. */
export const OPERATION_RESOURCES: Readonly<Record<string, ResourceContract>> = {
  health: {
    path: HEALTH.path,
    methods: {
      GET: {
        ...unary(HEALTH),
        description: "Returns whether the server takes calls.",
        request: object({}),
        response: object(
          {
            status: { enum: ["ok", "unready", "draining"] },
            reason: text("Why it is not ok."),
            uptime: number("Milliseconds."),
            version: text("That of sshrpc."),
            contract: NAMED_CONTRACT,
          },
          ["status", "uptime", "version", "contract"],
        ),
      },
    },
  },
  status: {
    path: STATUS.path,
    methods: {
      GET: {
        ...unary(STATUS),
        description: "Returns connections, calls by method, and what keys hold.\nTimes are in ms, sizes in bytes.",
        request: object(
          {
            rows: {
              ...number(`Rows of each list. Default: ${ROWS}.`),
              type: "integer",
              minimum: 0,
              maximum: MAX_ROWS,
            },
            order: { enum: STATUS_ORDERS, description: "From the largest. Default: calls." },
          },
          [],
        ),
        response: object({
          status: { enum: ["ok", "draining"] },
          uptime: number(),
          version: text("That of sshrpc."),
          contract: NAMED_CONTRACT,
          node: { type: "object", description: "The process: id, version of Node, memory, CPU time, event loop." },
          connections: object({ open: number(), ...rows(CONNECTION) }),
          calls: object({
            running: number(),
            streams: number("Running calls with a stream in either direction."),
            counted: number("Milliseconds for which ended calls have been counted."),
            window: number("Milliseconds of the latest window."),
            ...rows(METHOD),
          }),
          keys: object(
            { active: number("Keys that hold anything."), authorized: number("In authorized_keys."), ...rows(KEY) },
            ["active", "rows", "omitted"],
          ),
        }),
      },
    },
  },
  connections: {
    path: KICK.path,
    methods: {
      DELETE: {
        ...unary(KICK),
        description: `Ends the connections of a key, a principal or a user.\n${OWN}`,
        request: object(
          {
            fingerprint: text("SHA256:…"),
            principal: text("The name that a login has proven."),
            user: text("As clients claim it."),
            ...KICK_FIELDS,
          },
          [],
        ),
        response: KICKED,
        errors: { NOT_FOUND: { type: "null" } },
      },
    },
  },
  connection: {
    path: KICK_CONNECTION.path,
    methods: {
      DELETE: {
        ...unary(KICK_CONNECTION),
        description: `Ends a connection.\n${OWN}`,
        request: object({ id: text("As in the log."), ...KICK_FIELDS }, ["id"]),
        response: KICKED,
        errors: { NOT_FOUND: { type: "null" } },
      },
    },
  },
};

function rows(row: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return { rows: { type: "array", items: row }, omitted: number("The number of rows that are left out.") };
}

function unary({ idempotent, scope = "" }: typeof HEALTH) {
  return { kind: "unary", idempotent, scope } as const;
}
