import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ErrorStatus, RpcError } from "sshrpc/server";
import { expect, onTestFinished, test } from "vitest";
import { generate } from "../../codegen/src/index.js";
import { metrics } from "../../runtime/src/metrics.js";
import { run } from "../interop/run.js";
import { start } from "../interop/served.js";
import { sshOptions } from "../interop/sshd.js";
import { itWith } from "../interop/stock.js";
import { makeKey } from "../unit/runtime/ssh/support.js";
import { block, blocksOf, exampleFiles, readPage } from "./pages.js";

const PAGE = "docs/observability.md";
const NODE_MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Timeout in ms of a test that starts several processes on a shared machine. */
const SLOW = 120_000;

/** The example of README.md with its generated code. */
async function project(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = mkdtempSync(join(dirname(fileURLToPath(import.meta.url)), ".tmp-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "schema"));
  symlinkSync(NODE_MODULES, join(folder, "node_modules"));
  const all = { ...exampleFiles({ streams: false }), "package.json": '{ "type": "module" }', ...files };
  for (const [file, text] of Object.entries(all)) writeFileSync(join(folder, file), text);
  await generate({ cwd: folder });
  return folder;
}

/** The samples of a scrape, by `name{labels}`. */
const samplesOf = (text: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, name = "", value]) => [name, Number(value)]),
  );

itWith(
  ["ssh", "ssh-keygen"],
  "an operator who follows docs/observability.md from nothing sees the failing calls that the alert adds up",
  async () => {
    const cwd = await project();
    const key = makeKey(cwd, "id");
    writeFileSync(join(cwd, "authorized"), `scopes="*" ${key.line}\n`);
    const [, command = ""] = /npx (sshrpc serve .* --metrics 127\.0\.0\.1:)9464/.exec(readPage(PAGE)) ?? [];
    const args = ["--port", "0", "--home", "home", "--authorized-keys", "authorized"];
    const PATH = `${join(NODE_MODULES, ".bin")}:${process.env["PATH"]}`;
    const env = { ...process.env, PATH };
    const server = start("sh", ["-c", `exec ${command}0 ${args.join(" ")}`], { cwd, env, timeout: SLOW });
    await expect.poll(() => `${server.stdout()}`, { timeout: SLOW / 4 }).toMatch(/To call a method/);
    const [, port] = /listens on 127\.0\.0\.1:(\d+)/.exec(`${server.stdout()}`) ?? [];
    const [, line = ""] = /^ {2}echo "(.*)" >>/m.exec(`${server.stdout()}`) ?? [];
    writeFileSync(join(cwd, "known"), `${line}\n`);
    const [, url = ""] = /"(http:\/\/[^"]*)"/.exec(`${server.stderr()}`) ?? [];
    const ssh = sshOptions({ knownHosts: join(cwd, "known"), identity: key.file, port: Number(port) });
    const call = (words: string) => run("ssh", [...ssh, "alice@127.0.0.1", ...words.split(" ")]);
    const [, words = ""] = /ssh -p 8022 alice@edge (GET .*)/.exec(readPage(PAGE)) ?? [];
    expect((await call(words)).status).toBe(4);
    const scraped = await (await fetch(url)).text();
    const shown = /^ *(sshrpc_server_call_duration_seconds_count\{.*\} 1)$/m.exec(readPage(PAGE))?.[1] ?? "nothing";
    expect(scraped).toContain(`\n${shown}\n`);
  },
  SLOW,
);

test("the rules of the alerts name metrics, labels and statuses that exist", async () => {
  const rules = blocksOf(PAGE).find(({ text }) => text.includes("# sshrpc-rules.yml"))?.text ?? "";
  expect([...rules.matchAll(/- alert: /g)].length).toBeGreaterThan(3);
  const { observer, registry } = await metrics();
  observer.serverStarted?.({
    ...{ unready: async () => undefined, auditFailure: () => undefined },
    ...{ refusesCalls: () => false, logLinesLost: () => undefined },
    usage: () => [{ resource: "calls", held: 1, limit: 2 }],
    authorizedKeys: () => ({ count: 1, nextExpiry: 1e12 }),
  });
  const peer = { user: "alice", scopes: [] };
  const call = { call: 1, side: "server", peer, method: "GET /notes/{id}" } as const;
  observer.callStarted?.(call);
  const sizes = { bytesIn: 0, bytesOut: 0, itemsIn: 0, itemsOut: 0 };
  observer.callEnded?.({ ...call, ...sizes, status: "INTERNAL", milliseconds: 1 });
  const text = await registry.metrics();
  const samples = Object.keys(samplesOf(text));
  for (const [, name = "", labels = ""] of rules.matchAll(/\b((?:sshrpc|nodejs)_\w+)(?:\{(.*?)\})?/g)) {
    const found = samples.filter((sample) => sample === name || sample.startsWith(`${name}{`));
    expect(found, name).not.toEqual([]);
    for (const [, label = ""] of labels.matchAll(/(\w+)=~?"/g)) {
      if (label !== "job") expect(found.join("\n"), name).toContain(`${label}="`);
    }
  }
  const [, statuses = ""] = /status=~"([^"]*)"/.exec(rules) ?? [];
  expect(statuses.split("|").filter((status) => !(new RpcError(status as ErrorStatus).code >= 500))).toEqual([]);
});

test("the tables of docs/observability.md have every metric", async () => {
  const { registry } = await metrics({ processMetrics: false });
  const page = readPage(PAGE);
  const names = registry.getMetricsAsArray().map(({ name }) => name);
  const own = names.filter((name) => !/^sshrpc_client_(running_calls|call_)/.test(name));
  expect(own.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test("the program with OpenTelemetry prints a span of each side", { timeout: SLOW }, async () => {
  const text = block(PAGE, 'import { context, propagation, trace } from "@opentelemetry/api";');
  const cwd = await project({ "program.ts": text });
  const program = start(join(NODE_MODULES, ".bin", "jiti"), ["program.ts"], { cwd, timeout: SLOW });
  expect(await program.ended, program.stderr()).toBe(0);
  const printed = `${program.stdout()}`;
  expect([...printed.matchAll(/name: 'STORE \/notes'/g)]).toHaveLength(2);
  expect(new Set([...printed.matchAll(/traceId: '(\w+)'/g)].map(([, id]) => id)).size).toBe(1);
});
