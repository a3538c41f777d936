import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { BIN, tempDir } from "../unit/runtime/cli/run.js";
import { freePort, makeKey } from "../unit/runtime/ssh/support.js";
import { run } from "./run.js";
import { start } from "./served.js";
import { itWith } from "./stock.js";

const PAGE = readFileSync(new URL("../../docs/observability.md", import.meta.url), "utf8");

/** The package takes 300 MB: CI installs it at night. */
const itWithPrometheus: typeof itWith = (programs, title, test, timeout) => {
  const isLeftOut = process.env["CI"] === "true" && process.env["PROMETHEUS"] !== "1";
  if (isLeftOut) it.skip(`${title} (PROMETHEUS is not set: see .ci/nightly)`, () => {});
  else itWith(programs, title, test, timeout);
};

/** A file of the documentation: the block that begins with its name. */
function documented(name: string): string {
  const [, text] = new RegExp(`\`\`\`yaml\n# ${name}\n(.*?)\`\`\``, "s").exec(PAGE) ?? [];
  if (text === undefined) throw new Error(`docs/observability.md has no ${name}`);
  return text;
}

const RULES = documented("sshrpc-rules.yml");
const ALERTS = [...RULES.matchAll(/alert: (\w+)/g)].map(([, name]) => name as string);

const AT = { job: "sshrpc", instance: "a" };
const labels = (more: Readonly<Record<string, string>> = {}): string =>
  `{${Object.entries({ ...AT, ...more })
    .map(([name, value]) => `${name}="${value}"`)
    .join(",")}}`;
const CALLS = "sshrpc_server_call_duration_seconds";
const METHOD = { method: "GET /it", verb: "GET" };
const FAILED = labels({ ...METHOD, status: "INTERNAL" });
const OK = labels({ ...METHOD, status: "OK" });

/** For each alert the series that cause it, one value a minute, and its labels and annotations. */
const CASES: Readonly<
  Record<
    string,
    { readonly series: Readonly<Record<string, string>>; readonly labels?: object; readonly summary?: string }
  >
> = {
  SshrpcDown: { series: { [`up${labels()}`]: "0x30" } },
  SshrpcRestarts: { series: { [`process_start_time_seconds${labels()}`]: "0x20 1 2 3 4x10" } },
  SshrpcNotReady: { series: { [`sshrpc_ready${labels()}`]: "0x30" } },
  SshrpcErrors: {
    series: { [`${CALLS}_count${FAILED}`]: "0+10x30", [`${CALLS}_count${OK}`]: "0+90x30" },
    labels: { method: "GET /it" },
    summary: "GET /it: 10% of the calls fail",
  },
  SshrpcSlow: {
    series: {
      [`${CALLS}_bucket${labels({ ...METHOD, status: "OK", le: "1" })}`]: "0+1x30",
      [`${CALLS}_bucket${labels({ ...METHOD, status: "OK", le: "+Inf" })}`]: "0+100x30",
      [`${CALLS}_bucket${labels({ ...METHOD, status: "OK", le: "2.5" })}`]: "0+100x30",
    },
    labels: { method: "GET /it" },
  },
  SshrpcLoginsRefused: {
    series: { [`sshrpc_logins_total${labels({ outcome: "refused" })}`]: "0+120x30" },
    labels: { ...AT, outcome: "refused" },
  },
  SshrpcAuditFailing: {
    series: { [`sshrpc_audit_failing${labels()}`]: "1x30" },
    summary: "the audit log cannot be written; with --audit-on-full refuse, calls are refused",
  },
  SshrpcLinesLost: {
    series: {
      [`sshrpc_audit_lines_lost_total${labels()}`]: "0x30",
      [`sshrpc_log_lines_lost_total${labels()}`]: "0+1x30",
    },
  },
  SshrpcReloadFailed: { series: { [`sshrpc_config_last_reload_successful${labels()}`]: "0x30" } },
  SshrpcNearLimit: {
    series: {
      [`sshrpc_server_held${labels({ resource: "calls" })}`]: "90x30",
      [`sshrpc_server_limits${labels({ resource: "calls" })}`]: "100x30",
    },
    labels: { ...AT, resource: "calls" },
    summary: "calls: 90% of the limit of the server",
  },
  SshrpcKeyExpires: {
    series: { [`sshrpc_authorized_keys_next_expiry_timestamp_seconds${labels()}`]: "86400x30" },
  },
  SshrpcFileDescriptors: {
    series: { [`process_open_fds${labels()}`]: "90x30", [`process_max_fds${labels()}`]: "100x30" },
  },
  SshrpcEventLoopBlocked: { series: { [`nodejs_eventloop_lag_p99_seconds${labels()}`]: "1x30" } },
};

/** The series of a server that is well. */
const WELL = {
  ...{ [`up${labels()}`]: "1x30", [`sshrpc_ready${labels()}`]: "1x30", [`sshrpc_audit_failing${labels()}`]: "0x30" },
  ...{ [`sshrpc_audit_lines_lost_total${labels()}`]: "0x30", [`sshrpc_log_lines_lost_total${labels()}`]: "0x30" },
  ...{
    [`sshrpc_server_held${labels({ resource: "calls" })}`]: "9x30",
    [`sshrpc_server_limits${labels({ resource: "calls" })}`]: "100x30",
  },
  [`sshrpc_authorized_keys_next_expiry_timestamp_seconds${labels()}`]: "1e9x30",
  ...{ [`sshrpc_config_last_reload_successful${labels()}`]: "1x30", [`${CALLS}_count${OK}`]: "0+90x30" },
};

itWithPrometheus(
  ["promtool"],
  "promtool accepts the documented rules, and each alert fires for its cause and for no other",
  async () => {
    const cwd = tempDir({ "sshrpc-rules.yml": RULES, "prometheus.yml": documented("prometheus.yml") });
    const checked = await run("promtool", ["check", "config", join(cwd, "prometheus.yml")]);
    expect(checked).toMatchObject({ status: 0, stdout: expect.stringContaining(`${ALERTS.length} rules found`) });
    expect(Object.keys(CASES).sort()).toEqual([...ALERTS].sort());
    const tests = [
      { series: WELL, fires: "" },
      ...Object.entries(CASES).map(([fires, { series }]) => ({ series, fires })),
    ];
    // JSON is YAML.
    const file = {
      rule_files: ["sshrpc-rules.yml"],
      evaluation_interval: "1m",
      tests: tests.map(({ series, fires }) => ({
        name: fires,
        interval: "1m",
        input_series: Object.entries({ ...(fires === "" ? {} : WELL), ...series }).map(([name, values]) => ({
          series: name,
          values,
        })),
        alert_rule_test: ALERTS.map((alertname) => {
          const { labels: exp_labels = AT, summary } = CASES[alertname] ?? {};
          const alert = { exp_labels, ...(summary !== undefined && { exp_annotations: { summary } }) };
          return { eval_time: "25m", alertname, exp_alerts: alertname === fires ? [alert] : [] };
        }),
      })),
    };
    writeFileSync(join(cwd, "tests.json"), JSON.stringify(file));
    const { status, stdout, stderr } = await run("promtool", ["test", "rules", join(cwd, "tests.json")]);
    expect({ status, output: stdout + stderr }).toMatchObject({ status: 0 });
  },
);

const HANDLERS = `
const method = { id: "GET /it", resource: "it", verb: "GET", path: "/it", kind: "unary", params: {}, idempotent: true, request: () => true, response: () => true };
export default { api: { name: "test", version: "1.0.0", hash: "00", methods: [method] }, handlers: new Map([["GET /it", () => 1]]) };
`;

interface Answer {
  readonly data: {
    readonly result: readonly { readonly value: readonly [number, string] }[];
    readonly groups: readonly Group[];
  };
}
interface Group {
  readonly rules: readonly { readonly name: string; readonly health: string }[];
}

itWithPrometheus(
  ["prometheus", "promtool"],
  "Prometheus scrapes a server as documented: it is up, ready and its rules are evaluated",
  async () => {
    const [metricsPort, webPort] = [await freePort(), await freePort()];
    const config = documented("prometheus.yml")
      .replace("9464", String(metricsPort))
      .replace("15s", "1s\n  evaluation_interval: 1s");
    const cwd = tempDir({ "handlers.mjs": HANDLERS, keys: "", "sshrpc-rules.yml": RULES, "prometheus.yml": config });
    makeKey(cwd, "host");
    const flags = ["--port", "0", "--host-key", "host", "--authorized-keys", "keys", "--metrics", String(metricsPort)];
    const server = start(process.execPath, [BIN, "serve", "--handlers", "handlers.mjs", ...flags], { cwd });
    await expect.poll(() => `${server.stdout()}`, { timeout: 20_000 }).toContain("To call a method");
    const scraped = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const linted = start("promtool", ["check", "metrics"]);
    linted.process.stdin?.end(scraped);
    await linted.ended;
    // Names of prom-client's own metrics do not pass.
    expect(linted.stderr()).not.toMatch(/sshrpc|error/);
    start("prometheus", [
      ...["--config.file", join(cwd, "prometheus.yml"), "--storage.tsdb.path", join(cwd, "data")],
      ...["--web.listen-address", `127.0.0.1:${webPort}`],
    ]);
    const api = async (path: string): Promise<Answer | undefined> => {
      try {
        return (await (await fetch(`http://127.0.0.1:${webPort}/api/v1/${path}`)).json()) as Answer;
      } catch {
        // It has not started yet.
        return undefined;
      }
    };
    const sample = async (query: string): Promise<string | undefined> =>
      (await api(`query?query=${encodeURIComponent(query)}`))?.data.result[0]?.value[1];
    for (const query of ['up{job="sshrpc"}', "sshrpc_ready", "sshrpc_config_last_reload_successful"]) {
      await expect.poll(() => sample(query), { timeout: 20_000 }).toBe("1");
    }
    const health = async () =>
      (await api("rules"))?.data.groups.flatMap(({ rules }) => rules.map((rule) => rule.health));
    await expect.poll(health, { timeout: 20_000 }).toEqual(ALERTS.map(() => "ok"));
  },
  60_000,
);
