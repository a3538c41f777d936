import Table from "cli-table3";
import ms from "ms";
import { printable } from "../../base/printable.js";
import type { ConnectionStatus, KeyStatus, MethodStatus, ServerStatus } from "../../contract/built-in/server-status.js";

/** The longest text of a cell, in characters. */
const MAX_CELL = 64;

/** Options of cli-table3 for a table without lines and colors. */
const PLAIN = {
  chars: {
    ...{ top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "" },
    ...{
      "bottom-right": "",
      left: "",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: "  ",
    },
  },
  style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
};

/** A column: its title, its cell, and whether it has numbers, which are aligned at the right. */
type Column<Row> = readonly [title: string, cell: (row: Row) => unknown, alignment?: "right"];

const CONNECTIONS: readonly Column<ConnectionStatus>[] = [
  ["CONNECTION", ({ id }) => id],
  ["USER", ({ user }) => user],
  ["PRINCIPAL", ({ principal }) => principal],
  ["KEY", ({ keyName, fingerprint }) => keyName ?? fingerprint],
  ["ADDRESS", ({ address }) => address],
  ["AGE", ({ age }) => duration(age), "right"],
  ["CALLS", ({ calls }) => calls, "right"],
  ["MEMORY", ({ memory }) => size(memory), "right"],
  ["IN", ({ bytesIn }) => bytesIn !== undefined && size(bytesIn), "right"],
  ["OUT", ({ bytesOut }) => bytesOut !== undefined && size(bytesOut), "right"],
];

const METHODS: readonly Column<MethodStatus>[] = [
  ["METHOD", ({ method }) => method],
  ["RUNNING", ({ running }) => running, "right"],
  ["ENDED", ({ ended }) => ended, "right"],
  ["PER S", ({ rate }) => rate, "right"],
  ["P50", ({ p50 }) => p50 !== undefined && `${p50} ms`, "right"],
  ["P99", ({ p99 }) => p99 !== undefined && `${p99} ms`, "right"],
  ["NOT OK", ({ statuses }) => failures(statuses)],
];

const KEYS: readonly Column<KeyStatus>[] = [
  ["KEY", ({ key }) => key],
  ["CONNECTIONS", ({ connections }) => usage(connections), "right"],
  ["CALLS", ({ calls }) => usage(calls), "right"],
  ["CALLBACKS", ({ callbacks }) => usage(callbacks), "right"],
  ["MEMORY", ({ memory }) => usage(memory, size), "right"],
  ["MAX PER S", ({ rate }) => rate, "right"],
];

/** A status as lines for a terminal. All texts are escaped: a server is not trusted with the terminal of its operator. */
export function statusLines(status: ServerStatus, address: string): readonly string[] {
  const { connections, calls, keys } = status;
  const counted =
    calls.counted < 1000
      ? "those that end are counted from now on"
      : `counted for ${duration(calls.counted)}, rate and latency of the last ${duration(calls.window)}`;
  const authorized = keys.authorized === undefined ? "" : `, ${keys.authorized} authorized`;
  const expiry = keys.nextExpiry === undefined ? "" : `, the next expires ${instant(keys.nextExpiry)}`;
  return [
    ...summary(status, address),
    "",
    ...table(`calls: ${calls.running} running, ${calls.streams} of them with streams; ${counted}`, METHODS, calls),
    "",
    ...table(`connections: ${connections.open}`, CONNECTIONS, connections),
    "",
    ...table(`keys: ${keys.active} in use${authorized}${expiry}`, KEYS, keys),
  ];
}

/** A connection in one line, as of a list of those that were ended. */
export function connectionLine(connection: ConnectionStatus): string {
  const { id = "-", user, principal, keyName, fingerprint, address, calls } = connection;
  const parts = [id, `user ${user}`, principal && `principal ${principal}`, keyName, fingerprint, address];
  const texts = parts.flatMap((part) => (part === undefined || part === "" ? [] : [cell(part)]));
  return [...texts, `${cell(calls)} ${Number(calls) === 1 ? "call" : "calls"}`].join("  ");
}

/** A time in ms since 1970; that of a server may be anything. */
function instant(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? "-" : date.toISOString();
}

function summary({ status, uptime, version, contract, node }: ServerStatus, address: string): string[] {
  const { pid, memory, cpu, eventLoop } = node;
  const { delay } = eventLoop;
  const late =
    delay === undefined ? "" : `, timers late by ${delay.mean} ms on average, p99 ${delay.p99} ms, max ${delay.max} ms`;
  return [
    `${address}  ${status === "ok" ? "ok" : status.toUpperCase()}, up ${duration(uptime)}`,
    `${contract.name} ${contract.version}  hash ${contract.hash}  sshrpc ${version}  node ${node.version}  pid ${pid}`,
    `memory ${size(memory.rss)} rss, ${size(memory.heapUsed)} heap, ${size(memory.external)} external  cpu ${duration(cpu)}  event loop ${Math.round(eventLoop.utilization * 100)} % busy${late}`,
  ].map((line) => printable(line, 400));
}

interface Listed<Row> {
  readonly rows: readonly Row[];
  readonly omitted: number;
}

function table<Row>(title: string, columns: readonly Column<Row>[], { rows, omitted }: Listed<Row>): string[] {
  const head = printable(title, 400);
  if (rows.length === 0) return [omitted === 0 ? head : `${head} (not shown)`];
  // A column without any value, such as the address in memory, takes no place.
  const used = columns.filter(([, value]) => rows.some((row) => cell(value(row)) !== ""));
  const lines = new Table({
    ...PLAIN,
    head: used.map(([name]) => name),
    colAligns: used.map(([, , alignment]) => alignment ?? "left"),
  });
  for (const row of rows) lines.push(used.map(([, value]) => cell(value(row))));
  const text = lines.toString().split("\n");
  return [head, ...text.map((line) => line.trimEnd()), ...(omitted === 0 ? [] : [`… and ${cell(omitted)} more`])];
}

function cell(value: unknown): string {
  return value === undefined || value === null || value === false ? "" : printable(String(value), MAX_CELL);
}

function failures(statuses: Readonly<Record<string, number>>): string {
  return Object.entries(statuses)
    .filter(([status]) => status !== "OK")
    .sort(([, a], [, b]) => b - a)
    .map(([status, count]) => `${status} ${count}`)
    .join(", ");
}

interface Usage {
  readonly held: number;
  readonly limit?: number;
}

function usage({ held, limit }: Usage, text: (value: number) => string = String): string {
  return limit === undefined ? text(held) : `${text(held)} of ${text(limit)}`;
}

function duration(milliseconds: number): string {
  return milliseconds >= 1000 ? ms(Math.floor(milliseconds / 1000) * 1000) : `${Math.round(milliseconds)}ms`;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

function size(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
}
