import { connectSsh, RpcError } from "sshrpc/client";

import { connectApi } from "sshrpc/generated";
import { type ServeOptions, serveHandlers, serveStdio } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { apiOf, handlersOf } from "../support/server.js";
import { failure } from "../support/wait.js";

const handlers = handlersOf([], {});

/** A server over SSH, and the options of a client that it accepts. */
async function startServer() {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const server = await serveHandlers(handlers, {
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [alice.publicKey] },
    host: "127.0.0.1",
    port: 0,
    log: false,
  });
  return { server, connection: { identity: { privateKey: alice.privateKey }, hostKey: server.fingerprints } };
}

describe("unknown and renamed options are refused", () => {
  test.each([
    [{ maxConections: 1 }, 'unknown option "maxConections" (did you mean "maxConnections"?)'],
    [{ passwords: () => true }, 'option "passwords" was renamed to "verifyPassword"'],
    [{ refusalDelay: 1 }, 'option "refusalDelay" was renamed to "authFailureDelay"'],
    [{ addressMemory: 1 }, 'option "addressMemory" was renamed to "knownAddressTtl"'],
    [{ keepaliveMisses: 1 }, 'option "keepaliveMisses" was renamed to "keepaliveCountMax"'],
    [{ loginBytes: 1 }, 'option "loginBytes" was renamed to "maxPreAuthBytes"'],
    [{ maxUnsent: 1 }, 'option "maxUnsent" was renamed to "maxSendBuffer"'],
    [{ penalties: { left: 1 } }, 'option "penalties.left" was renamed to "penalties.noAuth"'],
    [{ korv: { patience: 1 } }, 'option "korv.patience" was renamed to "korv.sendTimeout"'],
    [{ anonymous: { permits: {} } }, 'option "anonymous.permits" was renamed to "anonymous.permissions"'],
    [{ exec: { inputTimout: 1 } }, 'unknown option "exec.inputTimout" (did you mean "exec.inputTimeout"?)'],
    [{ shell: { start: "x" } }, 'unknown option "shell.start"; known options: run'],
    [{ maxStartups: { begin: 1 } }, 'unknown option "maxStartups.begin"; known options: start, rate, full'],
    [{ perSource: { adress: 1 } }, 'unknown option "perSource.adress" (did you mean "perSource.address"?)'],
    [{ algorithms: { ciphers: [] } }, 'unknown option "algorithms.ciphers" (did you mean "algorithms.cipher"?)'],
    [
      { forwarding: { permitopen: [] } },
      'unknown option "forwarding.permitopen" (did you mean "forwarding.permitOpen"?)',
    ],
    [{ transport: "korv" }, 'unknown option "transport"'],
    [{ maxConections: undefined }, 'unknown option "maxConections" (did you mean "maxConnections"?)'],
    [{ penalties: { noauth: 1 } }, 'unknown option "penalties.noauth" (did you mean "penalties.noAuth"?)'],
    [{ penalties: { left: 1 } }, 'option "penalties.left" was renamed to "penalties.noAuth"'],
    [
      { korv: { frobnicate: 1 } },
      'unknown option "korv.frobnicate"; known options: calls, compressed, decompressed, sendTimeout',
    ],
  ])("by serve: %o", async (options, message) => {
    const all = { hostKeys: "/nowhere", log: false, ...options } as ServeOptions;
    expect(await failure(serveHandlers(handlers, all))).toMatchObject({ status: "BAD_REQUEST", message });
  });

  test.each([
    {},
    { maxConnections: 1, verifyPassword: undefined },
    { penalties: { noAuth: 1 } },
    { penalties: false, korv: true },
  ])("known options are accepted by serve: %o", async (options) => {
    const all = { hostKeys: "/nowhere", log: false, ...options } as unknown as ServeOptions;
    expect((await failure<Error>(serveHandlers(handlers, all))).message).not.toContain("option");
  });

  test.each([
    [{ frobnicate: 1 }, "frobnicate"],
    [{ constructor: 1 }, "constructor"],
    [JSON.parse('{ "__proto__": 1 }'), "__proto__"],
    [{ "a\u001b[31m": 1 }, "a\\u{1b}[31m"],
    // Another object has this former name.
    [{ passwords: 1 }, "passwords"],
  ])("by inMemory, with the known ones: %o", (options, name) => {
    expect(() => inMemory(handlers, options)).toThrow(
      new RpcError(
        "BAD_REQUEST",
        `unknown option "${name}"; known options: timeout, limits, perKey, interceptors, onCall, observer, contractDrift, health, healthTimeout, ledger, exposeErrors, undeclaredProperties, peer, log`,
      ),
    );
  });

  test.each([
    [{ transport: "korv" }, 'option transport: invalid value "korv"; use protocol: "korv"'],
    [{ transport: "ssh1" }, 'option transport: invalid value "ssh1"; use ssh2 or openssh'],
    [{ protocol: "http" }, 'option protocol: invalid value "http"; use sshrpc or korv'],
    [
      { transport: "openssh", protocol: "korv" },
      'option transport: invalid value "openssh"; use ssh2, which korv needs',
    ],
    [{ korv: { resource: String } }, 'option "korv.resource" was renamed to "korv.mapPath"'],
    [{ openssh: { arg: [] } }, 'unknown option "openssh.arg" (did you mean "openssh.args"?)'],
    [{ reconnect: { maxdelay: 1 } }, 'unknown option "reconnect.maxdelay" (did you mean "reconnect.maxDelay"?)'],
    [{ identityFile: "x" }, 'unknown option "identityFile" (did you mean "identity"?)'],
  ])("by connect: %o", async (options, message) => {
    const connecting = connectApi(apiOf(), "ssh://alice@127.0.0.1:1", options as object);
    expect(await failure(connecting)).toMatchObject({ status: "BAD_REQUEST", message });
  });

  test("by connectSsh", async () => {
    expect(await failure(connectSsh("127.0.0.1:1", { timeout: 1 } as object))).toMatchObject({
      status: "BAD_REQUEST",
      message: 'unknown option "timeout"',
    });
  });

  test("by an SSH client", async () => {
    const { server, connection } = await startServer();
    const ssh = await connectSsh(`ssh://alice@127.0.0.1:${server.port}`, connection);
    for (const [refused, message] of [
      [ssh.exec("x", { onError: () => {} } as object), 'option "onError" was renamed to "onStderr"'],
      [ssh.exec("x", { input: "x" } as object), 'unknown option "input"; known options: signal, onStderr, env'],
      [ssh.run("x", { maxOutput: 1 } as object), 'option "maxOutput" was renamed to "maxBuffer"'],
      [ssh.copyFrom("a", "b", { onprogress: 1 } as object), 'unknown option "onprogress" (did you mean "onProgress"?)'],
      [ssh.copyTo("a", "b", { timeout: 1 } as object), 'unknown option "timeout"; known options: signal, onProgress'],
    ] as const) {
      expect(await failure(refused)).toMatchObject({ message });
    }
    expect(await ssh.run("GET /nothing", { maxBuffer: 1000 })).toMatchObject({ exitCode: 4 });
    await ssh.close();
    await server.close();
  });

  test("by inMemory, and by close of its server", async () => {
    expect(() => inMemory(handlers, { peer: { permits: {} } } as object)).toThrow(
      new RpcError("BAD_REQUEST", 'option "peer.permits" was renamed to "peer.permissions"'),
    );
    const server = inMemory(handlers);
    expect(() => server.as({ scope: ["*"] } as object)).toThrow('unknown option "peer.scope"');
    expect(await failure(server.close({ timeout: 1 } as object))).toMatchObject({
      message: 'unknown option "timeout"; known options: delay, grace',
    });
  });

  test("by serveStdio", async () => {
    expect(await failure(serveStdio(handlers, { hostKeys: "x" } as object))).toMatchObject({
      status: "BAD_REQUEST",
      message:
        'unknown option "hostKeys"; known options: timeout, limits, perKey, interceptors, onCall, observer, contractDrift, health, healthTimeout, exposeErrors, undeclaredProperties, audit, refusalLines, exec, shell, scopes, forced, grace, log',
    });
  });

  test("by close of a server", async () => {
    const { server } = await startServer();
    expect(await failure(server.close({ timeout: 1 } as object))).toMatchObject({
      status: "BAD_REQUEST",
      message: 'unknown option "timeout"; known options: delay, grace',
    });
    await server.close();
  });
});

describe("options of a wrong type are refused", () => {
  const refused = (message: string) => ({ status: "BAD_REQUEST", message });

  test.each<[object, string]>([
    [{ maxStartups: "10:30:60" }, "option maxStartups: invalid type string; it takes an object"],
    [{ maxStartups: [10] }, "option maxStartups: invalid type array; it takes an object"],
    [{ penalties: null }, "option penalties: invalid type null; it takes false or an object"],
    [{ limits: 5 }, "option limits: invalid type number; it takes an object"],
    [{ limits: null }, "option limits: invalid type null; it takes an object"],
    [{ algorithms: "x" }, "option algorithms: invalid type string; it takes an object"],
    [{ session: true }, "option session: invalid type boolean; it takes a function"],
    [{ onCall: "x" }, "option onCall: invalid type string; it takes a function"],
    [{ anonymous: true }, "option anonymous: invalid type boolean; it takes a function or an object"],
    [{ interceptors: () => 1 }, "option interceptors: invalid type function; it takes a list of functions"],
    [{ interceptors: ["x"] }, "option interceptors: invalid type array; it takes a list of functions"],
    [{ exposeErrors: "yes" }, "option exposeErrors: invalid type string; it takes true or false"],
    [{ undeclaredProperties: "keep" }, 'option undeclaredProperties: invalid value "keep"; use "drop" or "refuse"'],
    [{ exec: 1 }, "option exec: invalid type number; it takes true or false or an object"],
    [
      { authorizedKeys: 5 },
      "option authorizedKeys: invalid type number; it takes a string, a list of strings, a function or an object",
    ],
    [
      { forwarding: { permitOpen: "*:*" } },
      "option forwarding.permitOpen: invalid type string; it takes a list of strings or a function",
    ],
    [{ authorizedKeys: { line: [] } }, 'unknown option "authorizedKeys.line" (did you mean "authorizedKeys.lines"?)'],
    [{ certificateAuthorities: { file: "x" } }, 'unknown option "certificateAuthorities.file"; known options: lines'],
    [{ hostKeys: { privatekey: "x" } }, 'unknown option "hostKeys.privatekey" (did you mean "hostKeys.privateKey"?)'],
    [
      { hostKeys: ["x", { privateKey: "x", pass: "y" }] },
      'unknown option "hostKeys[1].pass"; known options: privateKey, passphrase',
    ],
    [{ audit: {} }, "option audit: neither { file } nor a logger with the methods debug, info, warn and error"],
    [
      { audit: { path: "x" } },
      "option audit: neither { file } nor a logger with the methods debug, info, warn and error",
    ],
    [{ observer: { callEnd() {} } }, 'option observer: unknown method "callEnd" (did you mean "callEnded"?)'],
  ])("by serve: %o", async (options, message) => {
    const all = { hostKeys: "/nowhere", log: false, ...options } as ServeOptions;
    expect(await failure(serveHandlers(handlers, all))).toMatchObject(refused(message));
  });

  test.each<[object, string]>([
    [{ jump: 5 }, "option jump: invalid type number; it takes a string or a list of strings"],
    [{ certificate: 5 }, "option certificate: invalid type number; it takes a string or a list of strings"],
    [{ identity: { file: "x" } }, 'unknown option "identity.file"; known options: privateKey, publicKey'],
    [{ reconnect: true }, "option reconnect: invalid type boolean; it takes false or an object"],
    [{ prompts: "x" }, "option prompts: invalid type string; it takes a function"],
    [{ limits: null }, "option limits: invalid type null; it takes an object"],
  ])("by connect: %o", async (options, message) => {
    const connecting = connectApi(apiOf(), "ssh://alice@127.0.0.1:1", options);
    expect(await failure(connecting)).toMatchObject(refused(message));
  });

  test("null in place of all options, by every function", async () => {
    const none = null as never;
    const message = "options: invalid type null; it takes an object";
    expect(await failure(serveHandlers(handlers, none))).toMatchObject(refused(message));
    expect(await failure(serveStdio(handlers, none))).toMatchObject(refused(message));
    expect(await failure(connectApi(apiOf(), inMemory(handlers), none))).toMatchObject(refused(message));
    expect(await failure(connectSsh("127.0.0.1:1", none))).toMatchObject(refused(message));
    expect(() => inMemory(handlers, none)).toThrow(new RpcError("BAD_REQUEST", message));
    expect(await failure(inMemory(handlers).close(none))).toMatchObject(refused(message));
    const { server, connection } = await startServer();
    const ssh = await connectSsh(`ssh://alice@127.0.0.1:${server.port}`, connection);
    expect(await failure(ssh.run("x", none))).toMatchObject(refused(message));
    expect(await failure(ssh.exec("x", { onStderr: 5 } as object))).toMatchObject(
      refused("option onStderr: invalid type number; it takes a function"),
    );
    await ssh.close();
    expect(await failure(server.close(none))).toMatchObject(refused(message));
    await server.close();
  });
});
