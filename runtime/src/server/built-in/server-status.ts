import type { KeyAccount } from "../../base/accounts/key-account.js";
import type { ListedKeys } from "../../base/observer/observer.js";
import type { Peer } from "../../base/peer.js";
import { printable } from "../../base/printable.js";
import { VERSION } from "../../base/version.js";
import {
  type KeyStatus,
  type MethodStatus,
  ROWS,
  type Rows,
  type ServerStatus,
  type StatusRequest,
} from "../../contract/built-in/server-status.js";
import type { Api, Method } from "../../contract/method.js";
import { type CallStatistics, UNKNOWN_METHOD } from "./call-statistics.js";
import type { EventLoopMeter } from "./event-loop.js";
import {
  type ConnectionSources,
  describeConnection,
  type ListedConnection,
  listConnections,
} from "./listed-connections.js";

/** What a status is made of. */
export interface StatusSources extends ConnectionSources {
  readonly api: Api;
  readonly calls: {
    readonly statistics: CallStatistics;
    /** Begins to count the calls that end. */
    start(): void;
    /** The methods of the calls that run; undefined for those that do not exist. */
    running(): Iterable<Method | undefined>;
    /** The peers whose calls adapters run. */
    callers(): Iterable<Peer>;
  };
  readonly eventLoop: EventLoopMeter;
  /** The authorized keys, where they are known. */
  readonly listedKeys: () => ListedKeys | undefined;
  readonly isDraining: () => boolean;
  /** When the server was created, in the time of `performance.now()`. */
  readonly createdAt: number;
}

/** The longest text of an identity, in characters. */
const MAX_KEY = 120;

/** The present state of a server. The first one begins to count calls. */
export function serverStatus(sources: StatusSources, request: StatusRequest): ServerStatus {
  const { api, accounts, calls, eventLoop, listedKeys, isDraining, createdAt } = sources;
  const { statistics } = calls;
  calls.start();
  const { rows = ROWS, order = "calls" } = request;
  const { name, version, hash } = api;
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const now = Date.now();
  const listed = listConnections(sources);
  const connections = [...listed, ...callersWithout(listed, sources)];
  const running = countRunning(calls.running());
  const keys = [...accounts.keys].filter(([, key]) => isActive(key));
  const { count: authorized, nextExpiry } = listedKeys() ?? {};
  return {
    status: isDraining() ? "draining" : "ok",
    uptime: Math.round(performance.now() - createdAt),
    version: VERSION,
    contract: { name, version, hash },
    node: {
      pid: process.pid,
      version: process.version,
      memory: { rss, heapUsed, external },
      cpu: Math.round((user + system) / 1000),
      eventLoop: eventLoop.read(),
    },
    connections: {
      open: connections.length,
      ...largest(connections, rows, connectionOrder(order), (connection) => describeConnection(connection, now)),
    },
    calls: {
      running: accounts.held("calls"),
      streams: running.streams,
      counted: Math.round(statistics.counted()),
      window: Math.round(statistics.window()),
      ...methodRows(running.byMethod, statistics, rows),
    },
    keys: {
      active: keys.length,
      ...(authorized !== undefined && { authorized }),
      ...(nextExpiry !== undefined && { nextExpiry }),
      ...largest(keys, rows, keyOrder(order), describeKey),
    },
  };
}

/** Callers without a connection of their own, as a command that sshd has started the process for. */
function callersWithout(
  listed: readonly ListedConnection[],
  { accounts, calls, createdAt }: StatusSources,
): ListedConnection[] {
  const known = new Set(listed.map(({ peer }) => peer));
  const others = [...new Set(calls.callers())].filter((peer) => !known.has(peer));
  const since = Math.round(performance.timeOrigin + createdAt);
  return others.map((peer) => ({ peer, account: accounts.of(peer), since, traffic: undefined, end: () => undefined }));
}

interface Running {
  readonly byMethod: ReadonlyMap<string, number>;
  readonly streams: number;
}

function countRunning(methods: Iterable<Method | undefined>): Running {
  const byMethod = new Map<string, number>();
  let streams = 0;
  for (const method of methods) {
    const name = method?.id ?? UNKNOWN_METHOD;
    byMethod.set(name, (byMethod.get(name) ?? 0) + 1);
    if (method !== undefined && method.kind !== "unary") streams += 1;
  }
  return { byMethod, streams };
}

function methodRows(running: Running["byMethod"], statistics: CallStatistics, rows: number): Rows<MethodStatus> {
  const names = new Set([...running.keys(), ...statistics.names]);
  const methods = [...names].map((method) => {
    const { rate, p50, p99, ...counted } = statistics.of(method);
    const latency = p50 !== undefined && p99 !== undefined && { p50: round(p50), p99: round(p99) };
    return { method, running: running.get(method) ?? 0, ...counted, rate: round(rate), ...latency };
  });
  return largest(
    methods,
    rows,
    ({ rate, running: now, ended }) => [rate + now, ended],
    (row) => row,
  );
}

/** The rows with the largest values, which are compared in their order. */
function largest<Item, Row>(
  items: readonly Item[],
  rows: number,
  valuesOf: (item: Item) => readonly number[],
  describe: (item: Item) => Row,
): Rows<Row> {
  const sorted = items
    .map((item) => ({ item, values: valuesOf(item) }))
    .sort((a, b) => difference(b.values, a.values))
    .slice(0, rows);
  return { rows: sorted.map(({ item }) => describe(item)), omitted: items.length - sorted.length };
}

function difference(a: readonly number[], b: readonly number[]): number {
  return a.map((value, index) => value - (b[index] ?? 0)).find((one) => one !== 0) ?? 0;
}

function connectionOrder(order: StatusRequest["order"]): (connection: ListedConnection) => readonly number[] {
  return ({ account, since, traffic }) => {
    if (order === "age") return [-since];
    if (order === "memory") return [account.held("bytes"), -since];
    if (order === "traffic") return [(traffic?.bytesIn ?? 0) + (traffic?.bytesOut ?? 0), -since];
    return [account.held("calls"), -since];
  };
}

/** Keys have no age and no traffic of their own. */
function keyOrder(order: StatusRequest["order"]): (key: readonly [string, KeyAccount]) => readonly number[] {
  return ([, { connections, calls, bytes }]) =>
    order === "memory"
      ? [bytes.held, calls.held, connections.held]
      : order === "calls"
        ? [calls.held, connections.held, bytes.held]
        : [connections.held, calls.held, bytes.held];
}

function describeKey([identity, key]: readonly [string, KeyAccount]): KeyStatus {
  const usage = ({ held, max }: KeyAccount["calls"]) => ({ held, ...(Number.isFinite(max) && { limit: max }) });
  return {
    key: printable(identity, MAX_KEY),
    connections: usage(key.connections),
    calls: usage(key.calls),
    callbacks: usage(key.callbacks),
    memory: usage(key.bytes),
    ...(key.rate !== undefined && { rate: key.rate }),
  };
}

function isActive({ connections, calls, callbacks, bytes }: KeyAccount): boolean {
  return connections.held + calls.held + callbacks.held + bytes.held > 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
