import {
  type ConnectOptions,
  connectSsh,
  maxTimeout,
  RpcError,
  readLines,
  readRecords,
  retry,
  type SshClient,
  type Transport,
} from "sshrpc/client";
import { type Api, bindHandlers, connectApi } from "sshrpc/generated";
import { limitCalls, type ServeOptions, serveHandlers, serveStdio } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { itWith } from "../../interop/stock.js";
import { tempDir, write } from "./ssh/support.js";
import { failure } from "./support/wait.js";

// One rule: an option with an unknown name or an invalid value is an RpcError with the status BAD_REQUEST.

const api: Api = { name: "test", version: "1.0.0", hash: "00", methods: [] };
const handlers = bindHandlers(api, {});
const memory: Transport = inMemory(handlers);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** The error that a function throws. */
function thrown(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

function expectFault(error: unknown, message: string): void {
  expect(error).toBeInstanceOf(RpcError);
  expect(error).toMatchObject({ status: "BAD_REQUEST", code: 400, message: expect.stringContaining(message) });
}

describe("connect", () => {
  test.each<[ConnectOptions, string]>([
    [{ retries: -1 }, "option retries: -1 is not an integer from 0"],
    [{ timeout: Number.NaN }, "option timeout: NaN is not a number of ms"],
    [{ limits: { calls: 0 } }, "limits.calls: 0 is not"],
    [{ limits: { queue: 1 } as object }, "limits.queue was renamed to limits.queuedCalls"],
    [{ reconnect: { jitter: 2 } }, "option reconnect.jitter: 2 is not a number from 0 to 1"],
  ])("refuses %o", async (options, message) => {
    expectFault(await failure(connectApi(api, memory, options)), message);
  });

  test.each<[ConnectOptions, string]>([
    [{ connectTimeout: 0 }, "option connectTimeout: 0"],
    [{ keepaliveInterval: -1 }, "option keepaliveInterval: -1"],
    [{ protocol: "korv", korv: { sendTimeout: 0 } }, "option korv.sendTimeout: 0"],
  ])("refuses %o for an address", async (options, message) => {
    expectFault(await failure(connectApi(api, "ssh://alice@127.0.0.1:1", { sshConfig: false, ...options })), message);
  });

  test("refuses an empty list of targets, and a port with a leading zero", async () => {
    expectFault(await failure(connectApi(api, [])), "the list of targets is empty");
    expectFault(await failure(connectApi(api, "ssh://alice@127.0.0.1:08022")), "the port must be a number");
    expectFault(await failure(connectSsh("ssh://alice@010.0.0.1")), "neither a name nor an address");
  });
});

describe("serve", () => {
  const keys = {
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [generateKeyPair().publicKey] },
    host: "127.0.0.1",
    port: 0,
    log: false,
  } as const;

  test.each<[Partial<ServeOptions>, string]>([
    [{ port: 65_536 }, "option port: 65536"],
    [{ maxChannels: 0 }, "option maxChannels: 0"],
    [{ timeout: 0 }, "timeout: 0"],
    [{ limits: { calls: 0 } }, "limits.calls: 0 is not"],
    [{ maxConnections: 0 }, "option maxConnections: 0"],
    [{ maxAuthTries: 0 }, "option maxAuthTries: 0"],
    [{ exec: { inputTimeout: 0 } }, "exec.inputTimeout: 0"],
    [{ shell: { run: "NOPE /x" } }, "shell.run:"],
    [{ korv: { calls: 0 } }, "korv.calls: 0"],
    [{ exemptSources: ["10.0.0.0/08"] }, 'option exemptSources: "10.0.0.0/08" is not an address or a network'],
    [{ forwarding: { permitOpen: ["db:08022"] } }, 'option forwarding.permitOpen: "db:08022"'],
    [{ algorithms: { cipher: [] } }, "algorithms.cipher is empty"],
    [{ requiredMethods: ["password"] }, "option requiredMethods:"],
    [{ verifyPassword: true as never }, "option verifyPassword: invalid type boolean"],
    [
      { certificateAuthorities: { lines: ["# none"] } },
      "option certificateAuthorities has no valid key, so no key can log in",
    ],
    [{ authorizedKeys: "/nowhere-at-all/authorized_keys" }, "/nowhere-at-all/authorized_keys"],
    [{ hostKeys: "/nowhere-at-all/host_key" }, "/nowhere-at-all/host_key does not exist"],
    [{ audit: { file: "/nowhere-at-all/audit.log" } }, "the audit log cannot be written"],
    [{ audit: { file: "/nowhere-at-all/audit.log", levels: "warn" } as never }, 'unknown option "audit.levels"'],
    [{ audit: true as never }, "option audit: invalid type boolean; it takes a logger, { file } or false"],
  ])("refuses %o", async (options, message) => {
    expectFault(await failure(serveHandlers(handlers, { ...keys, ...options } as ServeOptions)), message);
  });

  test("rejects with the code of the system if it cannot listen", async () => {
    await using server = await serveHandlers(handlers, keys);
    const error = await failure(serveHandlers(handlers, { ...keys, port: server.port }));
    expect(error).not.toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ code: "EADDRINUSE" });
    expectFault(await failure(server.close({ grace: -1 })), "grace: -1");
  });

  test("over standard input and output, and in memory, refuses the same", async () => {
    expectFault(await failure(serveStdio(handlers, { grace: -1 })), "grace: -1");
    expectFault(
      thrown(() => inMemory(handlers, { timeout: 0 })),
      "timeout: 0",
    );
  });
});

describe("the helpers", () => {
  test.each<[string, () => unknown, string]>([
    ["retry", () => retry({ attempts: 0 }), "option retry.attempts: 0"],
    ["retry", () => retry({ attempt: 1 } as object), 'unknown option "attempt" (did you mean "attempts"?)'],
    ["maxTimeout", () => maxTimeout(Number.NaN), "option maxTimeout: NaN"],
    ["limitCalls", () => limitCalls({ perPeer: 1.5 }), "option limitCalls.perPeer: 1.5"],
    ["limitCalls", () => limitCalls({ perPeer: 1, perpeer: 1 } as never), 'did you mean "perPeer"?'],
  ])("%s refuses an invalid option", (_, run, message) => {
    expectFault(thrown(run), message);
  });

  test.each([
    [{ maxRecords: 1 }, 'unknown option "maxRecords" (did you mean "maxRecord"?)'],
    [{ maxRecord: 0 }, "option maxRecord: 0"],
  ])("readRecords and readLines refuse %o", async (options, message) => {
    expectFault(await failure(readRecords([], options as object).next()), message);
    expectFault(await failure(readLines([], options as object).next()), message);
  });

  test("an SSH client refuses unknown options of each of its methods", async () => {
    const { server, ssh } = await startSsh();
    await using _server = server;
    await using _ssh = ssh;
    const options = { abort: 1 } as object;
    const unknown = 'unknown option "abort"';
    for (const use of [
      ssh.exec("x", options),
      ssh.run("x", options),
      ssh.connectTcp("db", 1, options),
      ssh.copyFrom("a", "b", options),
      ssh.copyTo("a", "b", options),
    ]) {
      expectFault(await failure(use), unknown);
    }
  });
});

describe("an SSH client", () => {
  const wrong: [string, (ssh: SshClient) => Promise<unknown>, string][] = [
    ["a command", (ssh) => ssh.run(5 as never), "argument command: invalid type number; it takes a string"],
    ["a command", (ssh) => ssh.exec(undefined as never), "argument command: invalid type undefined; it takes a string"],
    ["options", (ssh) => ssh.exec("x", null as never), "options: invalid type null; it takes an object"],
    [
      "env",
      (ssh) => ssh.run("x", { env: { A: 5 as never } }),
      "option env: invalid type object; it takes an object of strings",
    ],
    [
      "input",
      (ssh) => ssh.run("x", { input: 5 as never }),
      "option input: invalid type number; it takes a string or a Uint8Array",
    ],
    ["maxBuffer", (ssh) => ssh.run("x", { maxBuffer: Number.NaN }), "option maxBuffer: NaN is not an integer"],
    ["maxBuffer", (ssh) => ssh.run("x", { maxBuffer: -1 }), "option maxBuffer: -1 is not an integer from 0"],
    [
      "a signal",
      (ssh) => ssh.run("x", { signal: {} as never }),
      "option signal: invalid type object; it takes an AbortSignal",
    ],
    ["a host", (ssh) => ssh.connectTcp(5 as never, 1), "argument host: invalid type number; it takes a string"],
    [
      "a port",
      (ssh) => ssh.connectTcp("h", "x" as never),
      "argument port: invalid type string; it takes a port from 1 to 65535",
    ],
    ["a port", (ssh) => ssh.connectTcp("h", 0), "argument port: 0 is not a port from 1 to 65535"],
    [
      "a file",
      (ssh) => ssh.copyFrom(5 as never, 6 as never),
      "argument remote: invalid type number; it takes a string",
    ],
    ["a file", (ssh) => ssh.copyTo("a", 6 as never), "argument remote: invalid type number; it takes a string"],
  ];

  test("refuses arguments of wrong types, and keeps its connection", async () => {
    const { server, ssh } = await startSsh();
    await using _server = server;
    await using _ssh = ssh;
    const running = await ssh.exec("help");
    for (const [, use, message] of wrong) expectFault(await failure(use(ssh)), message);
    running.resume();
    expect(await running.exit).toMatchObject({ exitCode: 0 });
  });

  itWith(["ssh"], "over the ssh program refuses the same", async () => {
    const { server, ssh, key } = await startSsh();
    await using _server = server;
    await using _ssh = ssh;
    const directory = tempDir();
    await using client = await connectApi(api, `ssh://alice@127.0.0.1:${server.port}`, {
      transport: "openssh",
      identity: write(directory, "key", key.privateKey),
      knownHosts: write(directory, "known_hosts", `[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`),
      agent: false,
      sshConfig: false,
    });
    for (const [, use, message] of wrong) expectFault(await failure(use(client.ssh)), message);
  });
});

/** A server, and an SSH client of it. */
async function startSsh() {
  const pair = generateKeyPair();
  const server = await serveHandlers(handlers, {
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [pair.publicKey] },
    host: "127.0.0.1",
    port: 0,
    log: silent,
  });
  const ssh = await connectSsh(`ssh://alice@127.0.0.1:${server.port}`, {
    identity: { privateKey: pair.privateKey },
    hostKey: server.fingerprints[0] as string,
    sshConfig: false,
  });
  return { server, ssh, key: pair };
}
