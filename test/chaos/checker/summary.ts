import type { Call, History } from "./history.js";

/** What happened, as text: calls by kind and outcome, faults, and the longest times. */
export function summarize(history: History, taken: number): string {
  const { effects, calls, connections, retries } = history;
  return [
    table(calls),
    `effects recorded: ${effects.length}; taken by followers: ${taken}`,
    `connections: ${connections}; sent again: ${[...retries].map(([method, count]) => `${method} ${count}`).join(", ")}`,
    ...faultLines(history),
    ...times(calls),
  ].join("\n");
}

const OPEN = "(killed)";

function table(calls: readonly Call[]): string {
  const rows = new Map<string, Map<string, number>>();
  const columns = new Set(["OK"]);
  for (const { method, key, ended } of calls) {
    const name = key === undefined ? method : `${method}, key given`;
    const status = ended?.status ?? OPEN;
    const row = rows.get(name) ?? new Map<string, number>();
    row.set(status, (row.get(status) ?? 0) + 1);
    rows.set(name, row);
    columns.add(status);
  }
  const names = [...columns];
  const head = ["calls", ...names];
  const body = [...rows]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, row]) => [name, ...names.map((one) => `${row.get(one) ?? 0}`)]);
  const widths = head.map((_, index) => Math.max(...[head, ...body].map((row) => (row[index] as string).length)));
  return [head, ...body]
    .map((row) =>
      row
        .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[index] as number)))
        .join("  "),
    )
    .join("\n");
}

function faultLines({ faults, processes }: History): string[] {
  const clients = new Set(processes.map(({ client }) => client));
  const count = (kind: string, side: "client" | "server"): number =>
    faults.filter((fault) => fault.kind === kind && clients.has(fault.target) === (side === "client")).length;
  const cuts = new Map<string, number>();
  for (const { kind, how = "" } of faults)
    if (kind === "cut" || kind === "mute") cuts.set(how, (cuts.get(how) ?? 0) + 1);
  const stopped = faults.filter(({ kind }) => kind === "stop").map(({ t, until = t }) => until - t);
  return [
    `kills: ${count("kill", "server")} of servers, ${count("kill", "client")} of clients`,
    `restarts: ${count("restart", "server")} of servers`,
    `stops: ${count("stop", "server")} of servers, ${count("stop", "client")} of clients; the longest ${seconds(Math.max(0, ...stopped))}`,
    `cuts of links: ${[...cuts].map(([how, number]) => `${number} ${how}`).join(", ") || "none"}`,
  ];
}

function times(calls: readonly Call[]): string[] {
  const done = calls.flatMap((call) => (call.ended?.status === "OK" ? [{ call, from: call.t, to: call.ended.t }] : []));
  const ends = done.map(({ to }) => to).sort((a, b) => a - b);
  let [stall, at] = [0, 0];
  for (let index = 1; index < ends.length; index++) {
    const gap = (ends[index] as number) - (ends[index - 1] as number);
    if (gap > stall) [stall, at] = [gap, ends[index - 1] as number];
  }
  const bounded = done.filter(({ call }) => call.timeout !== undefined);
  const longest = bounded.reduce<(typeof bounded)[number] | undefined>(
    (most, one) => (most === undefined || one.to - one.from > most.to - most.from ? one : most),
    undefined,
  );
  const start = Math.min(...calls.slice(0, 100).map(({ t }) => t));
  return [
    `longest stall (no call succeeded): ${seconds(stall)}, ${seconds(at - start)} after the start`,
    ...(longest
      ? [`longest call: ${seconds(longest.to - longest.from)}, ${longest.call.id} ${longest.call.method}`]
      : []),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
