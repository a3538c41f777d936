import { inspect } from "node:util";
import { connectSsh } from "sshrpc/client";
import { metrics, serveMetrics } from "sshrpc/metrics";
import { connectNats, natsKeyFiles, natsLedger } from "sshrpc/nats";
import { otel } from "sshrpc/otel";
import { openLog, RpcError, serveHandlers, serveStdio } from "sshrpc/server";
import { generateKeyPair, inMemory, onLoopback } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import type { OptionInterface } from "../../../scripts/docs/options.js";
import { readReference } from "../../../scripts/docs/pages.js";
import { connect } from "../../conformance/generated/client.js";
import { defineHandlers } from "../../conformance/generated/server.js";
import { conformanceHandlers, Waits } from "../../conformance/handlers.js";
import { sshrpc, tempDir } from "./cli/run.js";
import { TestLog, write } from "./ssh/support.js";

// A private key that is pasted into any option of the documentation's tables, so into every new option, too.

const { options: TABLES, commands: COMMANDS } = await readReference();
const { privateKey: KEY, publicKey } = generateKeyPair();
const { publicKey: OTHER } = generateKeyPair();
const PASSPHRASE = "marked-passphrase-7f3a";
const SECRETS = KEY.split("\n")
  .filter((line) => line.length > 30 && !line.startsWith("-"))
  .flatMap((line) => [line.slice(0, 24), line.slice(-24)])
  .concat(PASSPHRASE);

/** The options of a function: those of interfaces, and of interfaces that are the value of an option. */
type Options = Readonly<Record<string, readonly OptionInterface[]>>;

const CONNECT: Options = {
  "": ["ClientOptions", "ConnectOptions", "LoginOptions", "HostTrustOptions", "DialOptions"],
  reconnect: ["BackoffOptions"],
  limits: ["Limits"],
  algorithms: ["AlgorithmOptions"],
  openssh: ["OpensshOptions"],
  korv: ["KorvClientOptions"],
};
const SERVE: Options = {
  "": [
    "ApiServerOptions",
    "ListenOptions",
    "ServeOptions",
    "AuthOptions",
    "GuardOptions",
    "ForwardingOptions",
    "AuditOptions",
    "AdapterOptions",
  ],
  limits: ["Limits"],
  ledger: ["LedgerOptions"],
  perKey: ["KeyQuotas"],
  maxStartups: ["MaxStartups"],
  perSource: ["PerSource"],
  penalties: ["Penalties"],
  algorithms: ["AlgorithmOptions"],
  forwarding: ["Forwarding"],
  audit: ["AuditFile"],
  exec: ["ExecAdapterOptions"],
  shell: ["ShellOptions"],
  korv: ["KorvOptions", "KorvLimits"],
  anonymous: ["KeyGrant"],
};
const CALL: Options = { "": ["CallOptions", "RetryOptions"] };
const IN_MEMORY: Options = { "": ["InMemoryOptions", "ApiServerOptions"], peer: ["Peer"] };
const SSH: Options = { "": ["ConnectSshOptions", "LoginOptions", "HostTrustOptions", "DialOptions"] };
const SESSION: Options = { "": ["ExecOptions", "RunOptions", "CopyOptions", "RecordOptions"] };
const LOOPBACK: Options = { "": ["LoopbackOptions"] };
const STDIO: Options = { "": ["ServeStdioOptions", "ApiServerOptions"], limits: ["Limits"] };
const CLOSE: Options = { "": ["CloseOptions"] };
const LOG: Options = { "": ["LogOptions"] };
const METRICS: Options = { "": ["MetricsOptions"] };
const METRICS_PORT: Options = { "": ["ServeMetricsOptions"] };
const OTEL: Options = { "": ["OtelOptions"] };
const NATS: Options = { "": ["NatsOptions"], tls: ["NatsTls"] };
const NATS_LEDGER: Options = { "": ["NatsLedgerOptions"] };
const NATS_KEYS: Options = { "": ["NatsKeyFilesOptions"] };

/** Interfaces that no program passes to a function with a key beside them: schemas, what handlers receive, and helpers. */
const ELSEWHERE: readonly OptionInterface[] = [
  "ApiSchema",
  "ResourceSchema",
  "MethodSchema",
  "Context",
  "PeerCertificate",
  "PeerPermissions",
  "SshAlgorithms",
  "HandleRejectionsOptions",
  "LimitCallsOptions",
];

/** The forms of a pasted key. */
const FORMS: readonly unknown[] = [
  KEY,
  [KEY],
  Buffer.from(KEY),
  { lines: [KEY] },
  { privateKey: KEY, passphrase: PASSPHRASE },
];

/** Each option of an entry with each form of the key, as the options to pass. */
function* pasted(entry: Options): Generator<readonly [string, Record<string, unknown>]> {
  for (const [parent, interfaces] of Object.entries(entry))
    for (const { name } of interfaces.flatMap((each) => TABLES[each]))
      for (const form of FORMS)
        yield parent === "" ? [name, { [name]: form }] : [`${parent}.${name}`, { [parent]: { [name]: form } }];
  // In the place of the object itself, and under an unknown name.
  for (const form of FORMS) yield ["unknown", { [KEY]: form, unknown: form }];
}

/** Everything that a console shows of an error and its causes. */
async function shown(work: () => unknown): Promise<string> {
  try {
    await work();
    return "";
  } catch (error) {
    return `${error}${inspect(error, { depth: 20, maxStringLength: null })}`;
  }
}

/** The places whose text has a secret. */
const leaks = (places: readonly (readonly [string, string])[]): string[] => [
  ...new Set(places.filter(([, text]) => SECRETS.some((secret) => text.includes(secret))).map(([place]) => place)),
];

const handlers = () => defineHandlers(conformanceHandlers(new Waits()));
const own = { agent: false, sshConfig: false, reconnect: false } as const;

test("every interface of options is one of a function that is tested with a pasted key", () => {
  const entries = [CONNECT, SERVE, CALL, IN_MEMORY, SSH, SESSION, LOOPBACK, STDIO, CLOSE, LOG];
  const tested = [...entries, METRICS, METRICS_PORT, OTEL, NATS, NATS_LEDGER, NATS_KEYS].flatMap((entry) =>
    Object.values(entry).flat(),
  );
  expect(Object.keys(TABLES).filter((name) => ![...tested, ...ELSEWHERE].includes(name as OptionInterface))).toEqual(
    [],
  );
});

test("a private key that is pasted into any option of connect and connectSsh is in no error and no line for debugging", async () => {
  const server = await serveHandlers(handlers(), {
    port: 0,
    hostKeys: { privateKey: KEY },
    authorizedKeys: { lines: [publicKey] },
    log: false,
  });
  onTestFinished(() => server.close());
  const target = `ssh://alice@127.0.0.1:${server.port}`;
  const base = {
    ...own,
    identity: { privateKey: KEY },
    hostKey: server.fingerprints[0] as string,
    connectTimeout: 2000,
  };
  const places: [string, string][] = [];
  for (const transport of ["ssh2", "openssh"] as const)
    for (const [name, options] of pasted(CONNECT)) {
      const log = new TestLog();
      const debug = (line: string) => void places.push([`debug of ${name}`, line]);
      const connecting = () =>
        connect(target, { ...base, transport, log, debug, ...options }).then((client) => client.close());
      places.push(
        [`${name}, ${transport}`, await shown(connecting)],
        [`log of ${name}`, inspect(log.lines, { depth: 9 })],
      );
    }
  for (const [name, options] of pasted(SSH)) {
    const connecting = () => connectSsh(target, { ...base, ...options }).then((client) => client.close());
    places.push([`connectSsh ${name}`, await shown(connecting)]);
  }
  expect(leaks(places)).toEqual([]);
});

test("a private key that is pasted into any option of serve is in no error, log line or audit line", async () => {
  const places: [string, string][] = [];
  for (const [name, options] of pasted(SERVE)) {
    const [log, audit] = [new TestLog(), new TestLog()];
    const good = { port: 0, hostKeys: { privateKey: KEY }, authorizedKeys: { lines: [publicKey] } };
    const starting = () =>
      serveHandlers(handlers(), { ...good, log, audit, ...options }).then((server) => server.close());
    places.push([name, await shown(starting)], [`log of ${name}`, inspect([log.lines, audit.lines], { depth: 9 })]);
  }
  expect(leaks(places)).toEqual([]);
});

test("a private key that is pasted into any option of a call, a session or a server for tests is in no error", async () => {
  const places: [string, string][] = [];
  for (const [name, options] of pasted(IN_MEMORY))
    places.push([`inMemory ${name}`, await shown(() => inMemory(handlers(), options).close())]);
  const server = inMemory(handlers());
  const client = await connect(server);
  onTestFinished(() => client.close());
  for (const [name, options] of pasted(CALL))
    places.push([`call ${name}`, await shown(() => client.empty.get({}, options))]);
  for (const [name, options] of pasted(CLOSE))
    places.push([`close ${name}`, await shown(() => inMemory(handlers()).close(options))]);
  for (const [name, options] of pasted(LOG))
    places.push([`openLog ${name}`, await shown(() => openLog(options).then((log) => log.close()))]);
  for (const [name, options] of pasted(METRICS)) places.push([`metrics ${name}`, await shown(() => metrics(options))]);
  const { registry } = await metrics({ processMetrics: false });
  for (const [name, options] of pasted(METRICS_PORT))
    places.push([
      `serveMetrics ${name}`,
      await shown(() => serveMetrics(registry, { port: 0, ...options }).then((port) => port.close())),
    ]);
  for (const [name, options] of pasted(OTEL)) places.push([`otel ${name}`, await shown(() => otel(options))]);
  const away = { servers: "nats://127.0.0.1:1", connectTimeout: 1 };
  for (const [name, options] of pasted(NATS))
    places.push([`connectNats ${name}`, await shown(() => connectNats({ ...away, ...options }))]);
  // With an unknown option, they never use the connection.
  for (const [name, options] of pasted(NATS_LEDGER))
    places.push([
      `natsLedger ${name}`,
      await shown(() => natsLedger({} as never, { ...options, unknown: 1 } as object)),
    ]);
  for (const [name, options] of pasted(NATS_KEYS))
    places.push([
      `natsKeyFiles ${name}`,
      await shown(() => natsKeyFiles({} as never, { ...options, unknown: 1 } as never)),
    ]);
  for (const [name, options] of pasted(LOOPBACK))
    places.push([
      `onLoopback ${name}`,
      await shown(() => onLoopback(handlers(), options).then((loopback) => loopback.close())),
    ]);
  // With an unknown option, it never takes the streams of this process.
  for (const [name, options] of pasted(STDIO))
    places.push([
      `serveStdio ${name}`,
      await shown(() => serveStdio(handlers(), { ...options, unknown: 1 } as object)),
    ]);
  expect(leaks(places)).toEqual([]);
});

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  "a private key that is pasted into any argument of sshrpc %s is not printed",
  async (name, { arguments: args, flags }) => {
    const cwd = tempDir();
    write(cwd, "listed", `${publicKey} alice\n`);
    const valid = args.map((argument) => VALID[argument.name] ?? "x");
    const lines = [
      ...flags
        .filter((flag) => /[<[]/.test(flag.name))
        .flatMap((flag) => {
          const [long = ""] = flag.name.split(" ");
          return [
            [...valid, `${long}=${KEY}`],
            [...valid, `${long}=${KEY.trim().replaceAll("\n", " ")}`],
          ];
        }),
      ...flags.filter((flag) => !/[<[]/.test(flag.name)).map((flag) => [...valid, `${flag.name}=${KEY}`]),
      ...args.map((_, index) => ["--", ...valid.with(index, KEY)]),
      [...valid, "--", ...valid, KEY],
      [...valid, `--unknown=${KEY}`],
      [`--${KEY}`],
    ];
    const places: [string, string][] = [];
    for (const line of lines) {
      const { stdout, stderr } = await sshrpc([...name.split(" "), ...line], { cwd });
      places.push([line.join(" ").replaceAll(/-----BEGIN[\s\S]*/g, "KEY"), stdout + stderr]);
    }
    expect(leaks(places)).toEqual([]);
  },
);

const VALID: Readonly<Record<string, string>> = {
  address: "ssh://a@127.0.0.1:1",
  verb: "GET",
  path: "/x",
  request: "a=1",
  key: OTHER,
};

test("passwords, passphrases and answers of a login that fails are in no error, log line or audit line", async () => {
  const [log, audit] = [new TestLog(), new TestLog()];
  const server = await serveHandlers(handlers(), {
    port: 0,
    hostKeys: { privateKey: KEY },
    verifyPassword: () => {
      throw new RpcError("INTERNAL", "no database");
    },
    authFailureDelay: 0,
    log,
    audit,
  });
  onTestFinished(() => server.close());
  const target = `ssh://alice@127.0.0.1:${server.port}`;
  const base = { ...own, hostKey: server.fingerprints[0] as string };
  const places: [string, string][] = [];
  const debug = (line: string) => void places.push(["debug", line]);
  for (const login of [
    { password: PASSPHRASE },
    { password: () => PASSPHRASE },
    { identity: { privateKey: KEY }, passphrase: PASSPHRASE },
    { identity: { privateKey: KEY, passphrase: PASSPHRASE } },
    { prompts: () => [PASSPHRASE] },
  ])
    places.push([inspect(login), await shown(() => connect(target, { ...base, ...login, debug } as object))]);
  places.push(["log", inspect([log.lines, audit.lines], { depth: 9 })]);
  expect(places.filter(([place]) => place !== "debug" && place !== "log").every(([, text]) => text !== "")).toBe(true);
  expect(leaks(places)).toEqual([]);
});
