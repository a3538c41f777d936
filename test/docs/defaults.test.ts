import { expect, test } from "vitest";
import { FIXED_LIMITS } from "../../scripts/docs/fixed-limits.js";
import { OPTIONS, type OptionRow } from "../../scripts/docs/options.js";
import { readReference } from "../../scripts/docs/pages.js";

// The promise to users, written a second time: who changes a default in the code changes it here, too, and in CHANGELOG.md.
// test/unit/runtime/compose/defaults.test.ts observes many of them at running servers and clients.

/** The default of each option that has a value in the code: in its unit (ms or bytes), and as the pages of docs/ show it. */
const DEFAULTS = {
  ApiServerOptions: {
    timeout: [30_000, "30 s"],
    healthTimeout: [2000, "2 s"],
    exposeErrors: [false, "`false`"],
    undeclaredProperties: ["drop", "`drop`"],
  },
  ListenOptions: {
    host: ["127.0.0.1", "`127.0.0.1`"],
    port: ["8022", "`8022`"],
    maxChannels: [10, "10"],
  },
  CloseOptions: {
    delay: [0, "0"],
    grace: [0, "0"],
  },
  ServeStdioOptions: {
    forced: [false, "`false`"],
    grace: [5000, "5 s"],
  },
  ServeMetricsOptions: {
    host: ["127.0.0.1", "`127.0.0.1`"],
    port: ["9464", "`9464`"],
  },
  AuthOptions: {
    maxAuthTries: [6, "6"],
    authTimeout: [10_000, "10 s"],
    authFailureDelay: [300, "300 ms"],
    maxPromptRounds: [10, "10"],
  },
  KeyGrant: {
    touchRequired: [true, "`true`"],
    verifyRequired: [false, "`false`"],
  },
  GuardOptions: {
    loginGrace: [30_000, "30 s"],
    maxConnections: [1024, "1,024"],
    knownAddressTtl: [300_000, "5 min"],
    maxPreAuthBytes: [131_072, "128 KiB"],
    maxRefusals: [1000, "1,000"],
    maxRequests: [4096, "4,096"],
    maxSendBuffer: [33_554_432, "32 MiB"],
    rekeyBytes: [1_073_741_824, "1 GiB"],
    rekeyInterval: [3_600_000, "1 h"],
    rekeyTimeout: [30_000, "30 s"],
    keepaliveInterval: [30_000, "30 s"],
    keepaliveCountMax: [3, "3"],
    idleTimeout: [3_600_000, "1 h"],
  },
  MaxStartups: {
    start: [100, "100"],
    rate: [30, "30 %"],
    full: [400, "400"],
  },
  PerSource: {
    address: [128, "128"],
    network: [512, "512"],
  },
  Penalties: {
    authFail: [5000, "5 s"],
    noAuth: [1000, "1 s"],
    graceExceeded: [10_000, "10 s"],
    protocolError: [10_000, "10 s"],
    min: [15_000, "15 s"],
    max: [600_000, "10 min"],
  },
  Limits: {
    message: [4_194_304, "4 MiB"],
    metadata: [16_384, "16 KiB"],
    calls: [1024, "1,024"],
    serverCalls: [16_384, "16,384"],
    bytes: [268_435_456, "256 MiB"],
    cancels: [1000, "1,000"],
    queuedCalls: [65_536, "65,536"],
    window: [262_144, "256 KiB"],
    windowGrowth: [16_777_216, "16 MiB"],
    connectionWindow: [16_777_216, "16 MiB"],
    sendHighWaterMark: [1_048_576, "1 MiB"],
    bytesBeforePreamble: [65_536, "64 KiB"],
    helloTimeout: [10_000, "10 s"],
    depth: [100, "100"],
    values: [500_000, "500,000"],
    handlerGrace: [5000, "5 s"],
    stuckHandlers: [1024, "1,024"],
  },
  HandleRejectionsOptions: {
    grace: [5000, "5 s"],
  },
  ForwardingOptions: {
    sessionTimeout: [10_000, "10 s"],
  },
  Forwarding: {
    gatewayPorts: [false, "`false`"],
    maxForwarded: [64, "64"],
    maxListeners: [8, "8"],
    timeout: [10_000, "10 s"],
  },
  AdapterOptions: {
    exec: [true, "`true`"],
    shell: [true, "`true`"],
  },
  ExecAdapterOptions: {
    inputTimeout: [60_000, "1 min"],
  },
  KorvOptions: {
    korv: [false, "`false`"],
  },
  KorvLimits: {
    calls: [64, "64"],
    compressed: [1_048_576, "1 MiB"],
    decompressed: [4_194_304, "4 MiB"],
    sendTimeout: [10_000, "10 s"],
  },
  LedgerOptions: {
    keeps: [600_000, "10 min"],
    maxEntries: [100_000, "100,000"],
    maxBytes: [67_108_864, "64 MiB"],
    maxKeyEntries: [20_000, "20,000"],
    resumeGrace: [60_000, "1 min"],
    maxKeyBytes: [16_777_216, "16 MiB"],
  },
  KorvClientOptions: {
    sendTimeout: [30_000, "30 s"],
  },
  ClientOptions: {
    timeout: [30_000, "30 s"],
    retries: [3, "3"],
  },
  BackoffOptions: {
    minDelay: [100, "100 ms"],
    maxDelay: [10_000, "10 s"],
    jitter: [0.5, "0.5"],
  },
  RetryOptions: {
    statuses: ["RESOURCE_EXHAUSTED", "`RESOURCE_EXHAUSTED`"],
    attempts: [3, "3"],
  },
  HostTrustOptions: {
    hashKnownHosts: [false, "`false`"],
    updateHostKeys: [false, "`false`"],
  },
  DialOptions: {
    connectTimeout: [10_000, "10 s"],
    keepaliveInterval: [15_000, "15 s"],
    keepaliveCountMax: [3, "3"],
  },
  RunOptions: {
    maxBuffer: [16_777_216, "16 MiB"],
  },
  AuditOptions: {
    refusalLines: [20, "20"],
  },
  AuditFile: {
    level: ["info", "`info`"],
    files: [5, "5"],
    onFull: ["continue", "`continue`"],
  },
  LogOptions: {
    files: [5, "5"],
    level: ["info", "`info`"],
    format: ["auto", "`auto`"],
  },
  NatsOptions: {
    name: ["sshrpc", "`sshrpc`"],
    connectTimeout: [30_000, "30 s"],
  },
  NatsLedgerOptions: {
    maxBytes: [268_435_456, "256 MiB"],
    replicas: [1, "1"],
    maxKeyEntries: [20_000, "20,000"],
    maxKeyBytes: [16_777_216, "16 MiB"],
  },
  RecordOptions: {
    maxRecord: [1_048_576, "1 MiB"],
  },
} as const;

/** The bounds that no option changes. */
const BOUNDS = [
  ["server", "timeout of the PROXY protocol header", "5 s"],
  ["server", "connections beyond `maxConnections` that may log in", "64"],
  ["server", "memory of a call, with a request of up to 100 bytes", "4 KiB"],
  ["server", "memory of a call with streams, in addition", "8 KiB"],
  ["server", "addresses that are remembered as returning (`knownAddressTtl`)", "65,536"],
  ["server", "log lines about refused connections", "20 per 10 s, then one line with the number omitted"],
  [
    "server",
    "key exchanges: those on curves while there is other work, and those of Diffie-Hellman",
    "1/3 of the time each",
  ],
  ["server", "time for a client to close an idle connection (`idleTimeout`)", "10 s"],
  ["server", "authentication requests, offered keys included", "10 × `maxAuthTries`"],
  ["server", "prompts in one round of keyboard-interactive", "16"],
  ["server", "length of a password or an answer", "1,024 characters"],
  ["server", "requests for proof of host keys on one connection", "4"],
  ["client", "host keys learned on one connection (`updateHostKeys`)", "16"],
  ["both", "RSA keys of users", "2,048 to 16,384 bits, SHA-2 signatures only"],
  ["both", "size of a certificate", "32 KiB"],
  ["both", "principals of a certificate; options of each kind", "256; 256"],
  ["server", "size of an authorized_keys file", "4 MiB"],
  ["server", "line of an authorized_keys file", "65,536 characters"],
  ["server", "size of a file of revoked keys", "64 MiB"],
  ["server", "polling of these files, if the system reports no changes", "every 2 s"],
  ["server", "longest time between two checks of a key's expiry", "1 min"],
  ["server", "environment variables of a session", "64, all named `RPC_*`"],
  [
    "server",
    "names and values of these variables together",
    "32 KiB, of which a call takes 16 KiB as its metadata (`limits.metadata`)",
  ],
  ["server", "refused requests allowed beyond `maxRefusals`", "10 per second"],
  ["server", "work of one key in one turn of the event loop, after which other keys get theirs", "4 ms"],
  ["server", "time for which refusals of a key are counted (`refusalLines`)", "10 s"],
  ["both", "data of a peer between its KEXINIT and its NEWKEYS", "32 MiB, 262,144 packets"],
  ["both", "window of one stream (`limits.windowGrowth`)", "2 MiB"],
  ["both", "issues in the details of a BAD_REQUEST", "10"],
  ["server", "command line of a session", "32 KiB"],
  ["server", "shell: length of a line; lines typed ahead", "4 KiB; 256"],
  ["server", "shell: history, in memory", "200 lines of each of 256 peers"],
  ["server", "files of the log and the audit log: check whether they were moved", "every 5 s"],
  ["server", "files of the log and the audit log: lines that wait for a slow or full disk", "16 MiB"],
  [
    "server",
    "`sshrpc serve`: time for open handles of the handlers after the server, or the session of `--stdio`, has ended",
    "5 s",
  ],
  ["server", "rows of each list of `GET /sshrpc/status`; the others are counted", "1,000"],
  ["server", "grace of connections that an operator ends", "24 h"],
  [
    "server",
    "port of metrics: connections; headers of a request; time for a request, and between two",
    "16; 8 KiB in 5 s; 30 s",
  ],
  ["client", "headers that observers inject into a call (`injectHeaders`)", "8 KiB"],
  ["client", "jump hosts", "8"],
  ["client", "`ssh -G`, which resolves ~/.ssh/config", "5 s"],
  ["client", "list of the agent's keys", "5 s, 256 KiB, 2,048 keys"],
  ["client", "calls of the function `passphrase` for one key", "3; 2 if it repeats a wrong answer"],
  ["client", "attempts with a password; with keyboard-interactive", "3 each"],
  ["client", "rounds of keyboard-interactive in one login", "20; the client disconnects at the next one"],
  ["client", "unsent bytes of a connection", "32 MiB"],
  ["client", "rekey; timeout of a rekey", "after 1 GiB or 1 h; 30 s"],
  ["client", "transport `openssh`: default of `connectTimeout`", "10 s; 2 min with `interactive`"],
  ["client", "plain SSH: end of standard error that is kept", "8 KiB"],
  ["client", "`sshrpc call`: time to connect, without `--timeout`", "30 s"],
];

test("every option has the published default, and an option with a default is published here", () => {
  const values = Object.entries(OPTIONS).flatMap(([name, rows]) =>
    Object.entries(rows as Readonly<Record<string, OptionRow>>)
      .filter(([, row]) => row.default !== undefined)
      .map(([option, row]) => [`${name}.${option}`, row.default]),
  );
  const published = Object.entries(DEFAULTS).flatMap(([name, rows]) =>
    Object.entries(rows).map(([option, [value]]) => [`${name}.${option}`, value]),
  );
  expect(Object.fromEntries(values)).toEqual(Object.fromEntries(published));
});

test("the pages of docs/ show every default in its unit", async () => {
  const shown = Object.entries((await readReference()).options).flatMap(([name, rows]) =>
    rows.filter(({ value }) => value !== undefined).map((row) => [`${name}.${row.name}`, row.default]),
  );
  const published = Object.entries(DEFAULTS).flatMap(([name, rows]) =>
    Object.entries(rows).map(([option, [, text]]) => [`${name}.${option}`, text]),
  );
  expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(published));
});

test("every bound that no option changes is the published one", () => {
  expect(FIXED_LIMITS).toEqual(BOUNDS);
});
