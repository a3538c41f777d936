import type { Method } from "../method.js";
import { type ConnectionStatus, MAX_ROWS, type NamedContract, type Rows, STATUS_ORDERS } from "./server-status.js";
import { closedObject, integer, LIST, NUMBER, OBJECT, oneOfTexts, openObject, optional, TEXT } from "./validators.js";

/** The scope of `GET /sshrpc/health`: enough for a monitor. */
const HEALTH_SCOPE = "sshrpc:health";
/** The scope of `GET /sshrpc/status`: shows who is connected, and what they call. */
const STATUS_SCOPE = "sshrpc:status";
/** The scope of the methods that end connections of others. */
const KICK_SCOPE = "sshrpc:kick";

/** The scopes of the methods for operators. */
export const OPERATION_SCOPES: readonly string[] = [HEALTH_SCOPE, STATUS_SCOPE, KICK_SCOPE];

/** The states of {@link Health}. */
const HEALTH_STATES = ["ok", "unready", "draining"] as const;

/** What `GET /sshrpc/health` responds. */
export interface Health {
  /**
   * `ok`: it takes calls. `unready`: the check of the option `health` failed, and it still takes calls; or it refuses calls because its audit
   * log cannot be written. `draining`: it shuts down, and
   * will take no new calls.
   */
  readonly status: (typeof HEALTH_STATES)[number];
  /** Why it is not `ok`. */
  readonly reason?: string;
  /** Milliseconds since the server was created. */
  readonly uptime: number;
  /** The version of sshrpc. */
  readonly version: string;
  readonly contract: NamedContract;
}

/** How connections are ended. */
interface KickOptions {
  /** Milliseconds for running calls to finish; native clients are asked to drain. Default: 0, which ends them at once. */
  readonly grace?: number;
  /** For the peer, in its DISCONNECT message, and for the audit log. */
  readonly reason?: string;
}

/** What `DELETE /sshrpc/connections/{id}` takes. */
export interface KickConnectionRequest extends KickOptions {
  readonly id: string;
}

/** What `DELETE /sshrpc/connections` takes: whose connections end. Exactly one of the names. */
export interface KickRequest extends KickOptions {
  /** The fingerprint of a key, `SHA256:…`, also of one of a certificate. */
  readonly fingerprint?: string;
  /** The name that a login has proven. */
  readonly principal?: string;
  /** The user name of a login, as the client claims it. */
  readonly user?: string;
}

/** What both respond. The connection of the caller itself is left open. */
export interface Kicked extends Rows<ConnectionStatus> {
  /** How many connections end. */
  readonly ended: number;
}

const CONTRACT = openObject({ name: TEXT, version: TEXT, hash: TEXT });
const contract = { type: "object", fits: (value: unknown) => CONTRACT(value) };

/** The longest reason of a kick, in characters. */
export const MAX_KICK_REASON = 160;
/** The longest grace of a kick, in ms. */
export const MAX_KICK_GRACE = 86_400_000;

const reason = { type: `string of up to ${MAX_KICK_REASON} characters`, fits: isReason };
const kickOptions = { grace: optional(integer(0, MAX_KICK_GRACE)), reason: optional(reason) };
const kicked = openObject({ ended: NUMBER, rows: LIST, omitted: NUMBER });

/** Whether the server takes calls. */
export const HEALTH: Method = {
  ...unary("GET", "health", "/sshrpc/health"),
  idempotent: true,
  scope: HEALTH_SCOPE,
  request: closedObject({}),
  response: openObject({
    status: oneOfTexts(HEALTH_STATES),
    ...{ reason: optional(TEXT), uptime: NUMBER, version: TEXT, contract },
  }),
};

/** The present state of the server. */
export const STATUS: Method = {
  ...unary("GET", "status", "/sshrpc/status"),
  idempotent: true,
  scope: STATUS_SCOPE,
  request: closedObject({ rows: optional(integer(0, MAX_ROWS)), order: optional(oneOfTexts(STATUS_ORDERS)) }),
  response: openObject({
    ...{ status: TEXT, uptime: NUMBER, version: TEXT, contract, node: OBJECT },
    ...{ connections: OBJECT, calls: OBJECT, keys: OBJECT },
  }),
};

/** Ends a connection. */
export const KICK_CONNECTION: Method = {
  ...unary("DELETE", "connection", "/sshrpc/connections/{id}"),
  params: { id: "string" },
  idempotent: true,
  scope: KICK_SCOPE,
  request: closedObject({ id: TEXT, ...kickOptions }),
  response: kicked,
};

/** Ends the connections of a key, a principal or a user. */
export const KICK: Method = {
  ...unary("DELETE", "connections", "/sshrpc/connections"),
  // Sent again, it would end connections that have been opened meanwhile.
  idempotent: false,
  scope: KICK_SCOPE,
  request: closedObject({
    ...{ fingerprint: optional(TEXT), principal: optional(TEXT), user: optional(TEXT) },
    ...kickOptions,
  }),
  response: kicked,
};

/** The built-in methods for operators. */
export const OPERATION_METHODS: readonly Method[] = [HEALTH, STATUS, KICK, KICK_CONNECTION];

/** Whether a response of {@link HEALTH} says that the server is ready. */
export function isHealthy(health: unknown): boolean {
  return (health as Partial<Health> | null | undefined)?.status === "ok";
}

function isReason(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_KICK_REASON;
}

function unary(verb: Method["verb"], resource: string, path: string) {
  return { id: `${verb} ${path}`, resource, verb, path, kind: "unary", params: {} } as const;
}
