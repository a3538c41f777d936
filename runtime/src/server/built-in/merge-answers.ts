import type { Health, Kicked } from "../../contract/built-in/operations.js";
import {
  type ConnectionStatus,
  type KeyStatus,
  type MethodStatus,
  ROWS,
  type Rows,
  type ServerStatus,
  type StatusRequest,
} from "../../contract/built-in/server-status.js";

// Each process of a server answers for itself; the first one is asked by the operator.

/** The health of a server: the worst of its processes. */
export function mergeHealth(all: readonly Health[]): Health {
  const [first] = all as readonly [Health, ...Health[]];
  const worst = all.find(({ status }) => status === "draining") ?? all.find(({ status }) => status !== "ok") ?? first;
  return { ...worst, uptime: Math.max(...all.map(({ uptime }) => uptime)) };
}

/** The connections that all processes have ended. */
export function mergeKicked(all: readonly Kicked[]): Kicked {
  const rows = all.flatMap((kicked) => kicked.rows);
  const shown = rows.slice(0, ROWS);
  return { ended: sum(all, ({ ended }) => ended), rows: shown, omitted: omittedOf(all) + rows.length - shown.length };
}

/** The status of a server: sums of its processes; latencies are the highest of any. */
export function mergeStatus(
  all: readonly ServerStatus[],
  { rows = ROWS, order = "calls" }: StatusRequest,
): ServerStatus {
  const [first] = all as readonly [ServerStatus, ...ServerStatus[]];
  const nodes = all.map(({ node }) => node);
  const keys = mergeKeys(all.flatMap((status) => status.keys.rows));
  return {
    ...first,
    status: all.some(({ status }) => status === "draining") ? "draining" : "ok",
    uptime: Math.max(...all.map(({ uptime }) => uptime)),
    node: {
      ...first.node,
      memory: {
        rss: sum(nodes, ({ memory }) => memory.rss),
        heapUsed: sum(nodes, ({ memory }) => memory.heapUsed),
        external: sum(nodes, ({ memory }) => memory.external),
      },
      cpu: sum(nodes, ({ cpu }) => cpu),
    },
    processes: nodes,
    connections: {
      open: sum(all, ({ connections }) => connections.open),
      ...largest(all, ({ connections }) => connections, connectionOrder(order), rows),
    },
    calls: {
      ...first.calls,
      running: sum(all, ({ calls }) => calls.running),
      streams: sum(all, ({ calls }) => calls.streams),
      ...mergeMethods(all, rows),
    },
    keys: {
      ...first.keys,
      active: Math.max(keys.length, ...all.map((status) => status.keys.active)),
      rows: keys.sort((a, b) => b.connections.held - a.connections.held).slice(0, rows),
      omitted: omittedOf(all.map((status) => status.keys)) + Math.max(0, keys.length - rows),
    },
  };
}

function connectionOrder(order: StatusRequest["order"]): (row: ConnectionStatus) => number {
  return ({ age, calls, memory, bytesIn = 0, bytesOut = 0 }) => {
    if (order === "age") return age;
    if (order === "memory") return memory;
    return order === "traffic" ? bytesIn + bytesOut : calls;
  };
}

function mergeMethods(all: readonly ServerStatus[], rows: number): Rows<MethodStatus> {
  const methods = new Map<string, MethodStatus>();
  for (const row of all.flatMap(({ calls }) => calls.rows)) {
    const known = methods.get(row.method);
    methods.set(row.method, known === undefined ? row : addMethods(known, row));
  }
  const sorted = [...methods.values()].sort((a, b) => b.rate + b.running - a.rate - a.running || b.ended - a.ended);
  return {
    rows: sorted.slice(0, rows),
    omitted: Math.max(0, sorted.length - rows) + omittedOf(all.map(({ calls }) => calls)),
  };
}

function addMethods(a: MethodStatus, b: MethodStatus): MethodStatus {
  const statuses = { ...a.statuses };
  for (const [status, count] of Object.entries(b.statuses)) statuses[status] = (statuses[status] ?? 0) + count;
  const latencies = a.p50 === undefined ? b : b.p50 === undefined ? a : undefined;
  const p50 = latencies === undefined ? Math.max(a.p50 ?? 0, b.p50 ?? 0) : latencies.p50;
  const p99 = latencies === undefined ? Math.max(a.p99 ?? 0, b.p99 ?? 0) : latencies.p99;
  return {
    method: a.method,
    running: a.running + b.running,
    ended: a.ended + b.ended,
    statuses,
    rate: a.rate + b.rate,
    ...(p50 !== undefined && p99 !== undefined && { p50, p99 }),
  };
}

/** A key may have connections in several processes. */
function mergeKeys(rows: readonly KeyStatus[]): KeyStatus[] {
  const keys = new Map<string, KeyStatus>();
  const add = (a: KeyStatus["calls"], b: KeyStatus["calls"]) => ({ ...a, held: a.held + b.held });
  for (const row of rows) {
    const known = keys.get(row.key);
    keys.set(
      row.key,
      known === undefined
        ? row
        : {
            ...row,
            connections: add(known.connections, row.connections),
            calls: add(known.calls, row.calls),
            callbacks: add(known.callbacks, row.callbacks),
            memory: add(known.memory, row.memory),
          },
    );
  }
  return [...keys.values()];
}

function largest<Row>(
  all: readonly ServerStatus[],
  listOf: (status: ServerStatus) => Rows<Row>,
  numberOf: (row: Row) => number,
  rows: number,
): Rows<Row> {
  const lists = all.map(listOf);
  const sorted = lists.flatMap((list) => list.rows).sort((a, b) => numberOf(b) - numberOf(a));
  return { rows: sorted.slice(0, rows), omitted: Math.max(0, sorted.length - rows) + omittedOf(lists) };
}

function omittedOf(lists: readonly Pick<Rows<unknown>, "omitted">[]): number {
  return sum(lists, ({ omitted }) => omitted);
}

function sum<Item>(items: readonly Item[], numberOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + numberOf(item), 0);
}
