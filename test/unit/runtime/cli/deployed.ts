import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type Api, type Client, type ConnectOptions, connectApi, type Method } from "sshrpc/generated";
import { generateKeyPair } from "sshrpc/testing";
import { onTestFinished } from "vitest";
import { any } from "../support/server.js";
import { until, within } from "../support/wait.js";
import { BIN, tempDir } from "./run.js";

type Plain = Pick<Method, "id" | "verb" | "path" | "resource" | "kind"> & { readonly streams?: boolean };

const plain = (id: string, resource: string, kind: Method["kind"] = "unary"): Plain => {
  const [verb, path] = id.split(" ") as [Method["verb"], string];
  return { id, verb, path, resource, kind };
};

const METHODS: readonly Plain[] = [
  plain("GET /pid", "pid"),
  plain("STORE /items", "items"),
  plain("GET /wait", "wait"),
  plain("GET /ticks", "ticks", "server-streaming"),
  plain("GET /spin", "spin"),
  plain("GET /crash", "crash"),
  plain("GET /clients", "clients"),
  plain("GET /ask", "ask"),
  plain("GET /watch", "watch", "server-streaming"),
];

const CALLBACKS: readonly Plain[] = [plain("GET /name", "name"), plain("GET /count", "count", "server-streaming")];

/** The API of {@link HANDLERS}, without schemas. */
export const API: Api = {
  ...{ name: "deployed", version: "1.0.0", hash: "deployed" },
  methods: METHODS.map(bound),
  callbacks: CALLBACKS.map(bound),
};

function bound(method: Plain): Method {
  const streams = method.kind === "server-streaming" ? { responseItem: any } : {};
  return { ...method, params: {}, idempotent: method.verb === "GET", request: any, response: any, ...streams };
}

/** Handlers without TypeScript, for processes. */
const HANDLERS = `import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
const any = () => true;
const bound = (method) => ({ ...method, params: {}, idempotent: method.verb === "GET", request: any, response: any,
  ...(method.kind === "server-streaming" && { responseItem: any }) });
const name = (client) => client.peer.keyName + " " + client.peer.connectionId;
if (process.env["FAIL_AT"] === "start") throw new Error("this version is broken");
if (process.env["FAIL_AT"] === "exit") process.exit(7);
if (process.env["FAIL_AT"] === "kill") process.kill(process.pid, "SIGKILL");
if (process.env["FAIL_AT"] === "hang") {
  writeFileSync("loading", String(process.pid));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
if (process.env["FAIL_AT"] === "wait") writeFileSync("loading", String(process.pid));
if (process.env["FAIL_AT"] === "wait") while (!existsSync("go-on")) await sleep(10);
export default {
  api: { name: "deployed", version: "1.0.0", hash: "deployed",
    methods: ${JSON.stringify(METHODS)}.map(bound), callbacks: ${JSON.stringify(CALLBACKS)}.map(bound) },
  handlers: new Map(Object.entries({
    "GET /pid": () => process.pid,
    "STORE /items": ({ item }) => { appendFileSync("items", item + "\\n"); return item; },
    "GET /wait": async () => {
      writeFileSync("waiting", "");
      while (!existsSync("go")) await sleep(10);
      return process.pid;
    },
    "GET /ticks": async function* ({ count }) { for (let i = 0; i < count; i += 1) { yield i; await sleep(2); } return count; },
    "GET /spin": ({ milliseconds }) => {
      const end = process.cpuUsage().user / 1000 + milliseconds;
      let rounds = 0;
      while (process.cpuUsage().user / 1000 < end) for (let i = 0; i < 1000; i += 1) rounds += i % 7;
      return rounds;
    },
    "GET /crash": ({ pid }) => { if (pid === undefined || pid === process.pid) process.kill(process.pid, "SIGKILL"); return process.pid; },
    "GET /clients": (_, ctx) => ctx.clients.map(name).sort(),
    "GET /ask": async ({ id }, ctx) => {
      const client = ctx.clients.find(({ peer }) => peer.connectionId === id);
      return { pid: process.pid, answer: await client.callbacks.name.get({ asked: id }, { parent: ctx }) };
    },
    "GET /watch": async function* ({ id, count }, ctx) {
      const client = ctx.clients.find(({ peer }) => peer.connectionId === id);
      yield* client.callbacks.count.get({ count }, { parent: ctx });
    },
  })),
};
`;

/** A directory with handlers, a key pair and its list. */
export interface Deployment {
  readonly cwd: string;
  readonly port: number;
  readonly privateKey: string;
}

type Call = (request?: unknown, options?: unknown) => Promise<unknown> & AsyncIterable<unknown>;

/** A client of {@link API}, without types. */
export interface AnyClient extends Client {
  readonly pid: { readonly get: () => Promise<number> };
  readonly items: { readonly store: Call };
  readonly wait: { readonly get: () => Promise<number> };
  readonly ticks: { readonly get: Call };
  readonly spin: { readonly get: Call };
  readonly crash: { readonly get: (request?: { readonly pid: number }) => Promise<number> };
  readonly clients: { readonly get: () => Promise<readonly string[]> };
  readonly ask: { readonly get: Call };
  readonly watch: { readonly get: Call };
}

/** Makes a directory from which a server can be started. @param keyOptions before the key, such as `limits="calls=2"` */
export async function deployment(port: number, keyOptions = 'scopes="*,sshrpc:*"'): Promise<Deployment> {
  const { privateKey, publicKey } = generateKeyPair();
  const cwd = tempDir({ "handlers.mjs": HANDLERS, keys: `${keyOptions} ${publicKey} alice\n` });
  writeFileSync(`${cwd}/key`, privateKey, { mode: 0o600 });
  return { cwd, port, privateKey };
}

/** A server in its own process. */
export interface Deployed {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Its exit status, or its signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts `sshrpc serve`. A test that ends first kills it, with its processes. */
export function startServer(
  { cwd, port }: Deployment,
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Deployed {
  const args = ["serve", "--handlers", "handlers.mjs", "--authorized-keys", "keys", "--port", String(port), ...flags];
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    // Without the variables of `npm test`: such a server watches its parent.
    env: { PATH: process.env["PATH"], HOME: cwd, XDG_RUNTIME_DIR: cwd, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = once(child, "exit").then(([status, signal]) => (status ?? signal) as number | NodeJS.Signals);
  onTestFinished(async () => {
    // Its children are of its group, or notice its end.
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {}
    await ended;
  });
  return { child, output: () => output, ended };
}

/** Waits for the first line of a server. */
export async function listening(server: Deployed, times = 1): Promise<string> {
  return until("the server", () => {
    const lines = server
      .output()
      .split("\n")
      .filter((line) => line.includes('"the server listens"'));
    if (server.child.exitCode !== null) throw new Error(`the server ended: ${server.output()}`);
    return lines.length >= times && /echo "\S+ ([^"]*)" >>/.exec(server.output())?.[1];
  });
}

/** Connects a client, which closes with the test. */
export async function clientOf(
  { port, privateKey }: Deployment,
  options: ConnectOptions<object> = {},
): Promise<AnyClient> {
  const client = await within(
    "the connection",
    connectApi<AnyClient>(API, `ssh://alice@127.0.0.1:${port}`, {
      identity: privateKey,
      hostKey: () => true,
      log: false,
      ...options,
    }),
  );
  onTestFinished(() => client.close());
  return client;
}
