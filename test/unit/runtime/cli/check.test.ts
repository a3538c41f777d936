import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { sshrpc, start, tempDir } from "./run.js";

const HANDLERS = fileURLToPath(new URL("../../../../examples/server.ts", import.meta.url));

const check = async (config: unknown, options: Parameters<typeof sshrpc>[1] = {}, args: readonly string[] = []) => {
  const cwd = options.cwd ?? tempDir();
  writeFileSync(`${cwd}/sshrpc.config.json`, typeof config === "string" ? config : JSON.stringify(config, null, 2));
  const { status, stdout, stderr } = await sshrpc(["serve", "--check", ...args], { ...options, cwd });
  return {
    status,
    stdout,
    lines: stderr
      .replace(/^sshrpc: /, "")
      .split("\n")
      .filter(Boolean),
  };
};

test("a valid configuration ends with status 0, opens no port and creates no file", async () => {
  const busy = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void busy.close());
  const { port } = (await new Promise<void>((resolve) => busy.once("listening", resolve)).then(() =>
    busy.address(),
  )) as {
    port: number;
  };
  const cwd = tempDir();
  const config = { handlers: HANDLERS, serve: { port, audit: "audit.log", log: "log", metrics: "127.0.0.1:1" } };
  expect(await check(config, { cwd })).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^\S+ \d+\.\d+\.\d+: the configuration is valid\n$/),
    lines: [],
  });
  expect(readdirSync(cwd)).toEqual(["sshrpc.config.json"]);
});

test("all problems are printed at once: of the file, of ranges, of keys, of logs, of handlers", async () => {
  const cwd = tempDir({ "open.key": generateKeyPair().privateKey, keys: "ssh-ed25519 nonsense\n", krl: "not a key\n" });
  chmodSync(`${cwd}/open.key`, 0o644);
  chmodSync(`${cwd}/keys`, 0o666);
  mkdirSync(`${cwd}/folder`);
  const config = {
    handlers: "missing.js",
    serve: {
      listen: "192.0.2.1",
      hostKey: ["open.key", "no.key"],
      authorizedKeys: "keys",
      revokedKeys: "krl",
      certificateAuthorities: ["no.ca"],
      audit: "nowhere/audit.log",
      auditMaxSize: "1K",
      log: "folder",
      scopes: ["a"],
      metrics: "edge",
      grace: "soon",
      port: 70_000,
      perKey: { calls: 0, rate: -1, callz: 5 },
      limits: { message: 1.5, depht: 3 },
      penalties: { authFail: -1, min: "5" },
      maxStartups: { rate: 101 },
      maxAuthTries: 0,
      healthTimeout: 0,
      requiredMethods: ["publickey", "magic"],
    },
  };
  const { status, lines } = await check(config, { cwd });
  expect(status).toBe(1);
  const expected = [
    /^sshrpc\.config\.json:21:5: serve\.grace: "soon": use a duration such as/,
    /^sshrpc\.config\.json:22:5: serve\.port: "70000": use a number from 0 to 65535/,
    /^sshrpc\.config\.json:26:7: serve\.perKey\.callz: unknown option "perKey\.callz" \(did you mean "perKey\.calls"\?\)/,
    /^sshrpc\.config\.json:17:5: --scopes requires --stdio$/,
    /^sshrpc\.config\.json:16:5: the log cannot be written: folder is a directory$/,
    /^sshrpc\.config\.json:2:3: --handlers missing\.js: no such file or folder$/,
    /^sshrpc\.config\.json:4:5: --listen 192\.0\.2\.1: this machine does not have this address$/,
    /^sshrpc\.config\.json:20:5: --metrics edge: not an address and port, such as 127\.0\.0\.1:9464$/,
    /^sshrpc\.config\.json:14:5: the audit log cannot be written: ENOENT/,
    /^sshrpc\.config\.json:15:5: auditMaxSize: 1024 is not an integer from 4096$/,
    /^sshrpc\.config\.json:29:7: limits\.message: 1\.5 is not an integer/,
    /^sshrpc\.config\.json:30:7: unknown limit "depht"; known limits: /,
    /^sshrpc\.config\.json:33:7: penalties\.authFail: -1 is not/,
    /^sshrpc\.config\.json:34:7: penalties\.min: invalid type string/,
    /^sshrpc\.config\.json:37:7: maxStartups\.rate: 101 is not an integer from 1 to 100$/,
    /^sshrpc\.config\.json:39:5: maxAuthTries: 0 is not/,
    /^sshrpc\.config\.json:40:5: healthTimeout: 0 is not/,
    /^sshrpc\.config\.json:41:5: requiredMethods: unknown, unconfigured or repeated method magic/,
    /^sshrpc\.config\.json:5:5: host key open\.key: permissions 0644 are too open/,
    /^sshrpc\.config\.json:5:5: host key no\.key does not exist/,
    /^sshrpc\.config\.json:9:5: authorized_keys file keys: permissions 0666 are too open/,
    /^sshrpc\.config\.json:10:5: krl:1: /,
    /^sshrpc\.config\.json:11:5: certificateAuthorities: authorized_keys file no\.ca does not exist$/,
  ];
  for (const pattern of expected) expect(lines).toContainEqual(expect.stringMatching(pattern));
  expect(lines.filter((line) => !expected.some((pattern) => pattern.test(line)))).toEqual([]);
});

test("a configuration that cannot be read does not hide the problems of the command line", async () => {
  const { status, lines } = await check("{", {}, ["--handlers", "no.js", "--host-key", "no.key"]);
  expect(status).toBe(1);
  expect(lines).toEqual([
    expect.stringMatching(/^sshrpc\.config\.json: invalid JSON at line 1, column 2/),
    "--handlers no.js: no such file or folder",
    expect.stringMatching(/^host key .*no\.key does not exist/),
  ]);
});

test("handlers that miss a method, and a config file that every user may write, are errors", async () => {
  const cwd = tempDir({
    "handlers.ts": `import { defineHandlers } from ${JSON.stringify(
      fileURLToPath(new URL("../../../../generated/server.js", import.meta.url)),
    )};\nexport default defineHandlers({} as never);\n`,
    "sshrpc.config.json": "{}",
  });
  chmodSync(`${cwd}/sshrpc.config.json`, 0o666);
  const { status, lines } = await check({ handlers: "handlers.ts" }, { cwd });
  expect(status).toBe(1);
  expect(lines[0]).toBe("sshrpc.config.json: every user may write it (mode 0666); run chmod o-w on it");
  expect(lines[1]).toMatch(/missing handlers: /);
});

test("lines of authorized_keys that a start ignores are warnings, with their places", async () => {
  const { publicKey } = generateKeyPair();
  const cwd = tempDir({ keys: `${publicKey} alice\nnonsense\nscopes="nots:read" ${generateKeyPair().publicKey}\n` });
  const { status, lines } = await check({ handlers: HANDLERS, serve: { authorizedKeys: "keys" } }, { cwd });
  expect(status).toBe(0);
  expect(lines).toEqual([
    expect.stringMatching(/^warning: \S*keys:2: .*; the line is ignored$/),
    expect.stringMatching(/^sshrpc: warning: \S*keys:3: .*nots:read/),
  ]);
});

test("with --stdio the options of a session are checked, and the environment sets nothing", async () => {
  const env = { SSHRPC_TIMEOUT: "-5" };
  const args = ["serve", "--check", "--stdio", "--handlers", HANDLERS];
  expect(await sshrpc(args, { env })).toMatchObject({ status: 0, stderr: "" });
  const bad = ["--scopes", "a", "--audit", "nowhere/audit.log", "--port", "5"];
  const { status, stderr } = await sshrpc([...args, ...bad]);
  expect(status).toBe(1);
  expect(stderr).toContain("--port cannot be used with --stdio");
  expect(stderr).toContain("the audit log cannot be written: ENOENT");
});

describe("a start with several wrong values", () => {
  const config = { handlers: HANDLERS, serve: { port: 0, perKey: { calls: 0, rate: 0 }, limits: { calls: -1 } } };
  const problems = [
    "sshrpc.config.json:6:7: perKey.calls: 0 is not an integer from 1",
    "sshrpc.config.json:7:7: perKey.rate: 0 is not an integer from 1",
    "sshrpc.config.json:10:7: limits.calls: -1 is not an integer from 1 to 2147483647",
  ];

  test("prints all of them", async () => {
    const cwd = tempDir({ "sshrpc.config.json": JSON.stringify(config, null, 2) });
    const { status, stderr } = await sshrpc(["serve"], { cwd });
    expect(status).toBe(2);
    expect(
      stderr
        .replace(/^sshrpc: /, "")
        .trim()
        .split("\n")
        .sort(),
    ).toEqual([...problems].sort());
  });

  test("logs all of them at a reload", async () => {
    const cwd = tempDir({ "sshrpc.config.json": JSON.stringify({ handlers: HANDLERS, serve: { port: 0 } }) });
    const server = start(["serve"], { cwd });
    await server.prints(/ssh -p/);
    writeFileSync(`${cwd}/sshrpc.config.json`, JSON.stringify(config, null, 2));
    server.signal("SIGHUP");
    await expect.poll(() => server.output().stderr).toMatch(/configuration not reloaded/);
    for (const problem of problems.slice(0, 2)) expect(server.output().stderr).toContain(problem);
  });
});

test.each([
  [
    "SSHRPC_PER_KEY",
    "{calls:100}",
    /^SSHRPC_PER_KEY: invalid JSON at line 1, column 2: unexpected token; write SSHRPC_PER_KEY='\{"calls":100,"rate":50\}'$/,
  ],
  [
    "SSHRPC_PER_KEY",
    "100,50",
    /^SSHRPC_PER_KEY: invalid JSON at line 1, column 4: unexpected token; write SSHRPC_PER_KEY='/,
  ],
  ["SSHRPC_LIMITS", "calls=5", /^SSHRPC_LIMITS: invalid JSON .*; write SSHRPC_LIMITS='\{"calls":100\}'$/],
  ["SSHRPC_FORWARDING", "[", /^SSHRPC_FORWARDING: invalid JSON .*; write SSHRPC_FORWARDING='\{"permitOpen"/],
  ["SSHRPC_AUDIT", "{", /^SSHRPC_AUDIT: invalid JSON .*; write SSHRPC_AUDIT='\{"file"/],
  ["SSHRPC_HEALTH", "/bin/check", /^SSHRPC_HEALTH: invalid JSON .*; a function needs a config file of code$/],
  ["SSHRPC_PER_KEY", '{"callz":1}', /^SSHRPC_PER_KEY: callz: unknown option "perKey\.callz" \(did you mean/],
])("a wrong value of %s names the variable, what is wrong, and an example: %s", async (name, value, message) => {
  const { status, stderr } = await sshrpc(["serve", "--handlers", HANDLERS], { env: { [name]: value } });
  expect(status).toBe(2);
  expect(stderr.trim().replace(/^sshrpc: /, "")).toMatch(message);
});
