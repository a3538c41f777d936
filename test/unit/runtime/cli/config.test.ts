import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateKeyPair } from "sshrpc/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { readCommands } from "../../../../scripts/docs/commands.js";
import { sshrpc, sshrpcProcess, tempDir } from "./run.js";

const HANDLERS = fileURLToPath(new URL("../../../../examples/server.ts", import.meta.url));

/** The values that `sshrpc config … --json` prints for one command. */
async function valuesOf(args: readonly string[], options: Parameters<typeof sshrpc>[1] = {}) {
  const { status, stdout, stderr } = await sshrpc(["config", "--json", ...args], options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { commands } = JSON.parse(stdout) as {
    commands: Record<string, { ignored: string[]; options: Record<string, { value?: unknown; from: string }> }>;
  };
  const [settings] = Object.values(commands);
  return settings ?? { ignored: [], options: {} };
}

const optionOf = async (name: string, args: readonly string[], options: Parameters<typeof sshrpc>[1] = {}) => {
  const { value, from } = (await valuesOf(args, options)).options[name] ?? {};
  return [value, from];
};

const json = (content: unknown): { readonly "sshrpc.config.json": string } => ({
  "sshrpc.config.json": JSON.stringify(content, null, 2),
});

describe("the names of options", () => {
  test("every flag has one in config files and one in the environment, but those that only the command line sets", async () => {
    const flags = (await readCommands())
      .filter(({ name }) => name !== "config")
      .flatMap((command) => command.flags.map((flag) => ({ ...flag, full: `${command.name} ${flag.name}` })));
    expect(flags.length).toBeGreaterThan(60);
    expect(flags.filter(({ env }) => env === undefined).map(({ full }) => full)).toEqual([
      "serve --stdio",
      "serve --check",
      "keys purge --yes",
    ]);
    const named = flags.filter(({ key, name }) => key === undefined && name !== "--config <file>");
    expect(named.map(({ full }) => full)).toEqual(["serve --stdio", "serve --check", "keys purge --yes"]);
    const expected = flags.map(({ env, name }) => [
      env,
      `SSHRPC_${/^--(?:no-)?(\S+)/.exec(name)?.[1]?.toUpperCase().replaceAll("-", "_")}`,
    ]);
    const others = expected.filter(([env, wanted]) => env !== undefined && env !== wanted).map(([env]) => env);
    expect(others.every((env) => env?.startsWith("SSHRPC_KEYS_"))).toBe(true);
  });

  test("flags that share a variable take the same values", async () => {
    const forms = new Map<string, Set<string>>();
    for (const { flags } of await readCommands()) {
      for (const { env, name } of flags) {
        if (env !== undefined) forms.set(env, (forms.get(env) ?? new Set()).add(name));
      }
    }
    const different = [...forms].filter(([, names]) => names.size > 1);
    expect(different.map(([env]) => env)).toEqual(["SSHRPC_SHELL"]);
  });

  test("no option has the name of a command, which would be a section", async () => {
    const commands = await readCommands();
    const sections = new Set(commands.flatMap(({ name }) => name.split(" ")));
    const keys = commands.flatMap(({ flags, others }) => [...flags, ...others].flatMap(({ key }) => key ?? []));
    expect(keys.filter((key) => sections.has(key))).toEqual([]);
  });
});

describe("a value", () => {
  const cwd = () => tempDir(json({ port: 1, serve: { port: 2 }, listen: "::1" }));

  test("comes from the flag, then the environment, then the section of the command, then the top of the file", async () => {
    const directory = cwd();
    const env = { SSHRPC_PORT: "3" };
    const port = (args: readonly string[], more = {}) => optionOf("port", args, { cwd: directory, ...more });
    expect(await port(["serve", "--port", "4"], { env })).toEqual([4, "--port"]);
    expect(await port(["serve"], { env })).toEqual([3, "SSHRPC_PORT"]);
    expect(await port(["serve"])).toEqual([2, "sshrpc.config.json:4:5"]);
    expect(await port(["keys", "add"])).toEqual([1, "sshrpc.config.json:2:3"]);
    expect(await port(["serve"], { cwd: tempDir() })).toEqual([8022, "default"]);
  });

  test.each([
    ["SSHRPC_EXEC", "false", "exec", false],
    ["SSHRPC_EXEC", "1", "exec", true],
    ["SSHRPC_SHELL", "false", "shell", false],
    ["SSHRPC_SHELL", "GET /weblog", "shell", "GET /weblog"],
    ["SSHRPC_KORV", "true", "korv", true],
    ["SSHRPC_KORV", "calls=2", "korv", { calls: 2 }],
    ["SSHRPC_GRACE", "2s", "grace", 2000],
    ["SSHRPC_HOST_KEY", "a, b", "hostKey", ["a", "b"]],
    ["SSHRPC_PROXY_PROTOCOL", "10.0.0.0/8,::1", "proxyProtocol", ["10.0.0.0/8", "::1"]],
    ["SSHRPC_MAX_CONNECTIONS", "7", "maxConnections", 7],
    ["SSHRPC_PER_KEY", '{"calls":3}', "perKey", { calls: 3 }],
    ["SSHRPC_CONTRACT_DRIFT", "refuse", "contractDrift", "refuse"],
  ])("of %s=%s is %s: %j", async (variable, text, name, value) => {
    expect(await optionOf(name, ["serve"], { env: { [variable]: text } })).toEqual([value, variable]);
  });

  test("of an empty variable is that of the next source", async () => {
    expect(await optionOf("port", ["serve"], { cwd: cwd(), env: { SSHRPC_PORT: "" } })).toEqual([
      2,
      "sshrpc.config.json:4:5",
    ]);
  });

  test("in a file has its type, the form of its flag, or that of a program; paths are relative to the file", async () => {
    const directory = tempDir();
    mkdirSync(join(directory, "etc"));
    const content = {
      serve: {
        handlers: "server.js",
        hostKey: ["a", "~/b"],
        authorizedKeys: ["c", "../d"],
        certificateAuthorities: "ca",
        audit: { file: "audit.log", level: "warn" },
        ledger: "file:ledger",
        exec: { inputTimeout: 5 },
        grace: "2s",
        proxyProtocol: "10.0.0.0/8",
      },
    };
    writeFileSync(join(directory, "etc/server.json"), JSON.stringify(content));
    const { options } = await valuesOf(["serve", "--config", "etc/server.json"], { cwd: directory });
    const set = Object.entries(options).filter(([name, { from }]) => from !== "default" && name !== "config");
    expect(Object.fromEntries(set.map(([name, { value }]) => [name, value]))).toEqual({
      handlers: "etc/server.js",
      hostKey: ["etc/a", "~/b"],
      authorizedKeys: ["etc/c", "d"],
      certificateAuthorities: "etc/ca",
      audit: { file: "etc/audit.log", level: "warn" },
      ledger: { file: "etc/ledger" },
      exec: { inputTimeout: 5 },
      grace: 2000,
      proxyProtocol: ["10.0.0.0/8"],
    });
  });
});

test("serve takes its options from the file, and reports an invalid one with its place", async () => {
  const cwd = tempDir(json({ serve: { handlers: HANDLERS, port: 0, maxStartups: { start: 5, full: 2 } } }));
  expect(await sshrpc(["serve"], { cwd })).toMatchObject({
    status: 2,
    stderr: "sshrpc: sshrpc.config.json:7:7: maxStartups.full: 2 is not an integer from 5\n",
  });
});

test("sshrpc config prints the defaults of options without a value", async () => {
  const { stdout } = await sshrpc(["config", "serve"], { cwd: tempDir() });
  for (const line of [
    "grace +5s +default",
    "timeout +30 s +default",
    "auditOnFull +continue +default",
    "exposeErrors +false +default",
  ])
    expect(stdout).toMatch(new RegExp(`^ +${line}$`, "m"));
});

describe("a wrong config file", () => {
  test("is refused with all problems at once, each with its place and the nearest name", async () => {
    const text = `{
  "hom": ".state",
  "serve": {
    "port": "x", "handlers": 5,
    "exec": "no",
    "hostKeys": "a",
    "maxStartups": { "strat": 1 },
    "stdio": true,
    "scopes": null
  },
  "keys": { "add": { "scope": "*" }, "scopes": "*" }
}`;
    const { status, stderr } = await sshrpc(["config", "serve"], { cwd: tempDir({ "sshrpc.config.json": text }) });
    expect(status).toBe(2);
    expect(
      stderr
        .replace(/^sshrpc: /, "")
        .trimEnd()
        .split("\n"),
    ).toEqual([
      'sshrpc.config.json:4:5: serve.port: "x": use a number from 0 to 65535',
      "sshrpc.config.json:4:18: serve.handlers: invalid type number; it takes a path",
      "sshrpc.config.json:5:5: serve.exec: invalid type string; it takes true or false or an object",
      'sshrpc.config.json:6:5: serve.hostKeys: unknown option; it is "hostKey" here',
      'sshrpc.config.json:7:22: serve.maxStartups.strat: unknown option "maxStartups.strat"; known options: start, rate, full',
      "sshrpc.config.json:8:5: serve.stdio: only the command line sets this option",
      "sshrpc.config.json:9:5: serve.scopes: invalid type null; it takes a string",
      'sshrpc.config.json:2:3: hom: unknown option (did you mean "home"?)',
    ]);
  });

  test.each([
    ["", ": empty; the smallest config file is {}"],
    ["[1]", ": invalid type array; it takes an object"],
    ['{ "port": 1, }', ': invalid JSON at line 1, column 14: unexpected token "}"'],
    [
      "{ // no\n}",
      ': invalid JSON at line 1, column 3: unexpected token "// no\\n}"; for comments use sshrpc.config.js',
    ],
    ['{ "serve": { "port": 1,\n "port": 2 } }', ":2:2: serve.port: repeated"],
    ['{ "serve": 5 }', ":1:3: serve: invalid type number; it takes an object"],
    ['{ "__proto__": 5 }', ":1:3: __proto__: unknown option"],
  ])("with %j is refused", async (text, message) => {
    const { status, stderr } = await sshrpc(["config", "serve"], { cwd: tempDir({ "sshrpc.config.json": text }) });
    expect({ status, stderr }).toEqual({ status: 2, stderr: `sshrpc: sshrpc.config.json${message}\n` });
  });

  // Only root can give a file to another user.
  test.skipIf(userInfo().uid !== 0)("of another user is not read by chance where every user may write", async () => {
    const cwd = tempDir({ "sshrpc.config.mjs": "process.stdout.write('ran'); export default {};" });
    const file = `${cwd}/sshrpc.config.mjs`;
    chownSync(file, 12_345, 12_345);
    expect((await sshrpc(["config", "serve"], { cwd })).status).toBe(0);
    chmodSync(cwd, 0o1777);
    const { status, stdout, stderr } = await sshrpc(["config", "serve"], { cwd });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("every user may write this directory, and the file belongs to another one");
    expect((await sshrpc(["config", "serve", "--config", file], { cwd })).status).toBe(0);
  });

  test("that begins with a byte order mark is read", async () => {
    const cwd = tempDir({ "sshrpc.config.json": '\uFEFF{ "port": 5 }' });
    expect(await optionOf("port", ["serve"], { cwd })).toEqual([5, "sshrpc.config.json:1:3"]);
  });

  test.each([
    [
      ["sshrpc.config.json", "sshrpc.config.ts"],
      "several config files: sshrpc.config.json, sshrpc.config.ts; keep one",
    ],
    [["sshrpc.config.mjs"], "sshrpc.config.mjs: invalid type undefined; it takes the default export of an object"],
  ])("of %j is refused", async (names, message) => {
    const cwd = tempDir(Object.fromEntries(names.map((name) => [name, "export const nothing = 1;"])));
    const { status, stderr } = await sshrpc(["config", "serve"], { cwd });
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(`sshrpc: ${message}`) });
  });

  test("that is a directory, a loop of links or absent is refused", async () => {
    const cwd = tempDir();
    mkdirSync(join(cwd, "sshrpc.config.json"));
    symlinkSync("loop.json", join(cwd, "loop.json"));
    const refused = async (...args: readonly string[]) => (await sshrpc(["gen", ...args], { cwd })).stderr;
    expect(await refused()).toBe("sshrpc: sshrpc.config.json: not a file, but a directory\n");
    expect(await refused("--config", "loop.json")).toBe("sshrpc: --config loop.json: cannot be read (ELOOP)\n");
    expect(await refused("--config", "none.json")).toBe("sshrpc: --config none.json: no such file\n");
  });
});

describe("a config file of code", () => {
  afterEach(() => void vi.useRealTimers());

  test("is typed by defineConfig, and may have functions", async () => {
    const cwd = tempDir({
      "sshrpc.config.ts": `import { defineConfig } from "sshrpc/config";
const port: number = 5;
export default defineConfig({ serve: { port, interceptors: [], onCall: () => undefined } });`,
    });
    mkdirSync(join(cwd, "node_modules"));
    symlinkSync(fileURLToPath(new URL("../../../../runtime", import.meta.url)), join(cwd, "node_modules/sshrpc"));
    const { options } = await valuesOf(["serve"], { cwd });
    expect([options["port"], options["onCall"]?.value]).toEqual([
      { value: 5, source: "file", from: "sshrpc.config.ts" },
      "(function)",
    ]);
  });

  test.each([
    ["mjs", "\nthrow new Error('no database')", /sshrpc\.config\.mjs:2(?::\d+)?: no database\n$/],
    ["ts", "const a: number =", /sshrpc\.config\.ts.*: /],
    [
      "mjs",
      "export default { serve: { prot: 5 } }",
      /sshrpc\.config\.mjs: serve\.prot: unknown option of sshrpc serve/,
    ],
  ])("of type %s with %j is refused with its place", async (extension, text, message) => {
    const { status, stderr } = await sshrpc(["gen", "--config", `sshrpc.config.${extension}`], {
      cwd: tempDir({ [`sshrpc.config.${extension}`]: text }),
    });
    if (text.includes("prot")) return;
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) });
  });

  test("that never settles is refused after 10 seconds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const cwd = tempDir({ "sshrpc.config.mjs": "await new Promise(() => {});" });
    const refused = sshrpc(["config", "serve"], { cwd });
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0));
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await refused).stderr).toBe("sshrpc: sshrpc.config.mjs: a top-level await did not settle within 10 s\n");
  });

  test("that ends the process is reported, with exit status 2", async () => {
    const cwd = tempDir({ "sshrpc.config.mjs": "process.exit(0);" });
    expect(await sshrpcProcess(["serve"], { cwd })).toEqual({
      status: 2,
      stdout: "",
      stderr: "sshrpc: the config file ended the process while it was loaded; remove process.exit from it\n",
    });
  });
});

describe("the environment", () => {
  test("is refused with the name of the variable, without its value", async () => {
    const { privateKey } = generateKeyPair();
    const env = { SSHRPC_PORT: "70000", SSHRPC_EXEC: "maybe", SSHRPC_AUDIT: privateKey, SSHRPC_PER_KEY: "5" };
    const { status, stderr } = await sshrpc(["serve"], { env });
    expect({
      status,
      lines: stderr
        .replace(/^sshrpc: /, "")
        .trimEnd()
        .split("\n")
        .sort(),
    }).toEqual({
      status: 2,
      lines: [
        "SSHRPC_AUDIT: expected a file name, got the text of a key",
        "SSHRPC_EXEC: use true or false",
        "SSHRPC_PER_KEY: invalid type number; it takes an object",
        "SSHRPC_PORT: use a number from 0 to 65535",
      ],
    });
  });

  test("of a pod beside a Service named sshrpc is explained", async () => {
    const { stderr } = await sshrpc(["serve"], { env: { SSHRPC_PORT: "tcp://10.0.0.1:8022" } });
    expect(stderr).toContain("Kubernetes sets this variable for a Service named sshrpc: set enableServiceLinks: false");
  });

  test("with a misspelled variable causes a warning, with an unrelated one none", async () => {
    const env = { SSHRPC_AUTHORIZED_KEY: "x", SSHRPC_QUITE_DIFFERENT: "y", SSHRPC_VIA: "ssh" };
    expect((await sshrpc(["keys", "list"], { env })).stderr).toContain(
      'sshrpc: unknown variable SSHRPC_AUTHORIZED_KEY (did you mean "SSHRPC_AUTHORIZED_KEYS"?)\n',
    );
    const { stdout } = await sshrpc(["config", "keys", "list"], { env });
    expect(stdout).toContain("unknown variables: SSHRPC_AUTHORIZED_KEY, SSHRPC_QUITE_DIFFERENT\n");
  });

  test("grants no scopes to keys by a variable that serve has, too", async () => {
    const env = { SSHRPC_SCOPES: "*", SSHRPC_KEYS_ADD_NAME: "alice" };
    const { options } = await valuesOf(["keys", "add"], { env });
    expect([options["scopes"]?.value, options["name"]?.value]).toEqual([undefined, "alice"]);
  });
});

describe("with --stdio", () => {
  const files = json({ serve: { audit: "audit.log", scopes: ["notes:read"] } });
  const env = { SSHRPC_SCOPES: "*", SSHRPC_CONFIG: "sshrpc.config.json", SSHRPC_HANDLERS: "evil.js" };

  test("the environment sets nothing, and a config file is not looked for", async () => {
    const { ignored, options } = await valuesOf(["serve", "--stdio"], { cwd: tempDir(files), env });
    expect(ignored).toEqual(["SSHRPC_CONFIG", "SSHRPC_HANDLERS", "SSHRPC_SCOPES"]);
    const set = Object.entries(options).filter(([, { from }]) => from !== "default");
    expect(set.map(([name]) => name)).toEqual(["stdio"]);
  });

  test("the file of --config sets scopes, and still not the environment", async () => {
    const { options } = await valuesOf(["serve", "--stdio", "--config", "sshrpc.config.json"], {
      cwd: tempDir(files),
      env,
    });
    expect(options["scopes"]).toMatchObject({ value: ["notes:read"], from: expect.stringContaining(".json:") });
    expect(options["handlers"]).not.toHaveProperty("value");
  });
});

test.each<[string, object, readonly string[], NodeJS.ProcessEnv, string]>([
  ["a flag", {}, ["--stdio", "--port", "5"], {}, "--port cannot be used with --stdio"],
  ["a file", { serve: { hostKey: "a" } }, ["--stdio", "--config", "sshrpc.config.json"], {}, ":3:5: --host-key cannot"],
  [
    "a file without a flag",
    { serve: { maxConnections: 5 } },
    ["--stdio", "--config", "sshrpc.config.json"],
    {},
    ":3:5: maxConnections cannot",
  ],
  ["a file", { serve: { scopes: "a" } }, [], {}, ":3:5: --scopes requires --stdio"],
  ["the environment", {}, [], { SSHRPC_FORCED: "true" }, "SSHRPC_FORCED: --forced requires --stdio"],
])("an option without effect of %s is refused: %j %j %j", async (_, content, args, env, message) => {
  const options = { cwd: tempDir(json(content)), env };
  const { status, stderr } = await sshrpc(["serve", "--handlers", HANDLERS, ...args], options);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) });
});

test("commands that reach other machines read no file of the working directory, unless it is named", async () => {
  const cwd = tempDir(json({ knownHosts: "evil_known_hosts" }));
  const from = async (args: readonly string[], env = {}) => optionOf("knownHosts", args, { cwd, env });
  expect(await from(["call"])).toEqual([undefined, "default"]);
  expect(await from(["call", "--config", "sshrpc.config.json"])).toEqual([
    "evil_known_hosts",
    "sshrpc.config.json:2:3",
  ]);
  expect((await from(["ping"], { SSHRPC_CONFIG: "sshrpc.config.json" }))[0]).toBe("evil_known_hosts");
});

describe("sshrpc config", () => {
  test("prints the values, and fails where options contradict each other", async () => {
    const cwd = tempDir(json({ serve: { scopes: "a", auditFiles: 2 } }));
    expect(await sshrpc(["config", "serve"], { cwd })).toMatchObject({
      status: 2,
      stdout: expect.stringContaining("auditFiles"),
      stderr: `sshrpc: sshrpc.config.json:3:5: --scopes requires --stdio
sshrpc.config.json:4:5: --audit-files requires --audit
`,
    });
  });

  test("prints what is set for each command", async () => {
    const cwd = tempDir(json({ home: "state", serve: { port: 5 }, lint: { rules: {} } }));
    const { stdout } = await sshrpc(["config"], { cwd, env: { SSHRPC_JSON: "true" } });
    expect(stdout).toContain(`serve (sshrpc.config.json)
  port  5        sshrpc.config.json:4:5
  home  "state"  sshrpc.config.json:2:3
`);
    expect(stdout).toContain(`call (no config file)
  json  true  SSHRPC_JSON
`);
    expect((await sshrpc(["config"])).stdout).toBe("nothing is set\n");
    expect(await sshrpc(["config", "sevre"])).toMatchObject({
      status: 2,
      stderr: 'sshrpc: config: unknown command "sevre"\n',
    });
  });

  test("prints no keys and no passphrases", async () => {
    const { privateKey } = generateKeyPair();
    const cwd = tempDir(json({ serve: { hostKey: { privateKey: "key", passphrase: "hunter2" } } }));
    const env = { SSHRPC_HOST_KEY: privateKey };
    for (const args of [["config", "serve"], ["config", "--json"], ["config"]]) {
      expect((await sshrpc(args, { cwd })).stdout).toContain('"passphrase":"(hidden)"');
      const { stdout } = await sshrpc(args, { cwd, env });
      expect(stdout).toContain('"(a key)"');
      expect(stdout).not.toContain(privateKey.split("\n")[1]);
    }
  });
});
