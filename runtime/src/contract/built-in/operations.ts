import type { Method } from "../method.js";
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

/** What a contract is called; its hash identifies it. */
interface NamedContract {
  readonly name: string;
  readonly version: string;
  readonly hash: string;
}

/** What `GET /sshrpc/health` responds. */
export interface Health {
  /**
   * `ok`: it takes calls. `unready`: the check of the option `health` failed; it still takes calls. `draining`: it shuts down, and
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

/** What {@link ServerStatus} sorts connections and keys by, each from the largest: the time that they are open, what they run, hold and have sent. */
export const STATUS_ORDERS = ["age", "calls", "memory", "traffic"] as const;

/** Maximum of `rows`: those of each list of {@link ServerStatus}. */
export const MAX_ROWS = 1000;
/** The default number of rows. */
export const ROWS = 100;

/** What `GET /sshrpc/status` takes. */
export interface StatusRequest {
  /** Rows of each list, up to 1,000. Default: 100. */
  readonly rows?: number;
  /** Default: `calls`. */
  readonly order?: (typeof STATUS_ORDERS)[number];
}

/** A list with at most as many rows as were asked for. */
export interface Rows<Row> {
  readonly rows: readonly Row[];
  /** The number of rows that are left out. */
  readonly omitted: number;
}

/** A connection in {@link ServerStatus}. Texts of peers are escaped, and cut after 64 characters. */
export interface ConnectionStatus {
  /** That of the log, and of `DELETE /sshrpc/connections/{id}`; absent in memory. */
  readonly id?: string;
  /** The user name of the login, as the client claims it. */
  readonly user: string;
  /** The name that the login has proven. */
  readonly principal?: string;
  readonly fingerprint?: string;
  readonly keyName?: string;
  readonly address?: string;
  /** Milliseconds since the login. */
  readonly age: number;
  /** Calls that run. */
  readonly calls: number;
  /** Bytes of memory that its calls hold. */
  readonly memory: number;
  /** Bytes of its transport so far; absent where they are unknown, as in memory and under sshd. */
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}

/** A method in {@link ServerStatus}. */
export interface MethodStatus {
  /** Its id, such as `GET /notes/{id}`; `(unknown)` for calls of methods that do not exist. */
  readonly method: string;
  /** Calls that run. */
  readonly running: number;
  /** Calls that have ended since {@link ServerStatus.calls}.since. */
  readonly ended: number;
  /** These by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Calls that ended per second, in the latest window. */
  readonly rate: number;
  /** Median and 99th percentile of their duration in the latest window, in ms; absent where none has ended in it. */
  readonly p50?: number;
  readonly p99?: number;
}

/** What a key holds of a resource, and its limit, if it has one. */
interface Usage {
  readonly held: number;
  readonly limit?: number;
}

/** A key in {@link ServerStatus}: all connections of one identity. */
export interface KeyStatus {
  /** `key SHA256:…`, `certificate AUTHORITY ID`, `user NAME`, `address ADDRESS` or `local`. */
  readonly key: string;
  readonly connections: Usage;
  readonly calls: Usage;
  readonly callbacks: Usage;
  readonly memory: Usage;
  /** Calls that it may begin per second, if it has a limit of them. */
  readonly rate?: number;
}

/** What `GET /sshrpc/status` responds. Times in ms, sizes in bytes. */
export interface ServerStatus {
  readonly status: "ok" | "draining";
  readonly uptime: number;
  /** The version of sshrpc. */
  readonly version: string;
  readonly contract: NamedContract;
  /** The process. */
  readonly node: {
    readonly pid: number;
    /** That of Node. */
    readonly version: string;
    readonly memory: { readonly rss: number; readonly heapUsed: number; readonly external: number };
    /** CPU time since the process began. */
    readonly cpu: number;
    readonly eventLoop: {
      /** The part of the time in which the event loop worked, from 0 to 1, since the previous status call, or since the server began. */
      readonly utilization: number;
      /** How late its timers ran, from the previous status call on: absent in the first one. */
      readonly delay?: { readonly mean: number; readonly p99: number; readonly max: number };
    };
  };
  readonly connections: Rows<ConnectionStatus> & { readonly open: number };
  readonly calls: Rows<MethodStatus> & {
    readonly running: number;
    /** Those that run and have a stream in either direction. */
    readonly streams: number;
    /** Milliseconds for which ended calls have been counted: from the first status call on. */
    readonly counted: number;
    /** Milliseconds of the latest window. */
    readonly window: number;
  };
  readonly keys: Rows<KeyStatus> & {
    /** Keys that hold anything. */
    readonly active: number;
    /** Keys that authorized_keys lists; absent where a function decides, and under sshd. */
    readonly authorized?: number;
  };
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
