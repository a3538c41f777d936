import { type ConnectOptions, maxTimeout, RpcError, readRecords, retry } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { limitCalls, type ServeOptions, serveHandlers, serveStdio } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { apiOf, handlersOf } from "../support/server.js";
import { failure } from "../support/wait.js";

// Each number among the options is accepted at its bounds and refused one step beyond them. Where an option has no upper bound
// but that of exact integers, the row says none.

/** The maximum delay of a timer in Node, in ms. */
const MAX_TIMER = 2_147_483_647;
/** The largest value of a limit that is announced to the peer. */
const MAX_INT32 = 2_147_483_647;
const MIB = 1_048_576;

type Row = readonly [path: string, min: number, max?: number];

/** One option by its path, such as `forwarding.timeout`. */
function optionAt(path: string, value: number): object {
  return path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object;
}

/** The values of a row that are accepted, and those that are refused. */
function edges([path, min, max]: Row) {
  const accepted = [min, ...(max === undefined ? [] : [max])];
  const refused = [min - 1, ...(max === undefined ? [Number.POSITIVE_INFINITY] : [max + 1]), Number.NaN];
  return {
    accepted: accepted.map((value) => ({ path, value })),
    refused: refused.map((value) => ({ path, value })),
  };
}

function allEdges(rows: readonly Row[]) {
  const all = rows.map(edges);
  return { accepted: all.flatMap(({ accepted }) => accepted), refused: all.flatMap(({ refused }) => refused) };
}

const LIMITS: readonly Row[] = [
  ["limits.message", 1, MAX_INT32],
  ["limits.metadata", 1, MAX_INT32],
  ["limits.calls", 1, MAX_INT32],
  ["limits.serverCalls", 1, MAX_INT32],
  ["limits.cancels", 1, MAX_INT32],
  ["limits.queuedCalls", 1, MAX_INT32],
  ["limits.window", 1, MAX_INT32],
  ["limits.windowGrowth", 1, MAX_INT32],
  ["limits.connectionWindow", 1, MAX_INT32],
  ["limits.sendHighWaterMark", 1, MAX_INT32],
  ["limits.bytesBeforePreamble", 1, MAX_INT32],
  ["limits.helloTimeout", 1, MAX_INT32],
];

/** An error for an invalid value names the option; `maxStartups.full` depends on `start`, whose default is 100. */
function expectRefusal(error: unknown, path: string, value: number): void {
  expect(error).toBeInstanceOf(RpcError);
  expect(error).toMatchObject({ status: "BAD_REQUEST", message: expect.stringContaining(path) });
  expect((error as Error).message).toContain(String(value));
}

describe("serve", () => {
  const handlers = handlersOf([], {});
  const keys = {
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [generateKeyPair().publicKey] },
    log: false,
    // No machine has this address (RFC 5737), so that a server with valid options fails last, when it listens.
    host: "192.0.2.1",
    port: 0,
  } as const;
  const serve = (path: string, value: number) =>
    failure<Error>(serveHandlers(handlers, { ...keys, ...optionAt(path, value) } as ServeOptions));

  const { accepted, refused } = allEdges([
    ["port", 0, 65_535],
    ["maxChannels", 1],
    ["sessionTimeout", 1, MAX_TIMER],
    ["maxAuthTries", 1],
    ["authTimeout", 1, MAX_TIMER],
    ["authFailureDelay", 0, MAX_TIMER],
    ["maxPromptRounds", 1],
    ["forwarding.maxForwarded", 1],
    ["forwarding.maxListeners", 1],
    ["forwarding.timeout", 1, MAX_TIMER],
    ["loginGrace", 1, MAX_TIMER],
    ["maxConnections", 1],
    ["maxStartups.start", 1],
    ["maxStartups.rate", 1, 100],
    ["maxStartups.full", 100],
    ["perSource.address", 1],
    ["perSource.network", 1],
    ["penalties.authFail", 0, MAX_TIMER],
    ["penalties.noAuth", 0, MAX_TIMER],
    ["penalties.graceExceeded", 0, MAX_TIMER],
    ["penalties.protocolError", 0, MAX_TIMER],
    ["penalties.min", 0, MAX_TIMER],
    ["penalties.max", 0, MAX_TIMER],
    ["knownAddressTtl", 0, MAX_TIMER],
    ["maxPreAuthBytes", 8192],
    ["maxRefusals", 1],
    ["maxRequests", 1],
    ["maxSendBuffer", MIB],
    ["rekeyBytes", MIB],
    ["rekeyInterval", 1000, MAX_TIMER],
    ["rekeyTimeout", 1, MAX_TIMER],
    ["keepaliveInterval", 0, MAX_TIMER],
    ["keepaliveCountMax", 1],
    ["idleTimeout", 0, MAX_TIMER],
    ["timeout", 1, MAX_TIMER],
    ["exec.inputTimeout", 1, MAX_TIMER],
    ["korv.calls", 1, MAX_INT32],
    ["korv.compressed", 1, MAX_INT32],
    ["korv.decompressed", 1, MAX_INT32],
    ["korv.sendTimeout", 1, MAX_INT32],
    ...LIMITS,
  ]);

  test.each(accepted)("accepts $path: $value", async ({ path, value }) => {
    expect((await serve(path, value)).message).toMatch(/^cannot listen on 192\.0\.2\.1:\d+: /);
  });

  test.each(refused)("refuses $path: $value", async ({ path, value }) => {
    expectRefusal(await serve(path, value), path, value);
  });
});

describe("connect", () => {
  const api = apiOf();
  // The connection is refused: nothing listens on this port of loopback.
  const connect = (path: string, value: number) =>
    failure<Error>(
      connectApi(api, "ssh://alice@127.0.0.1:1", {
        sshConfig: false,
        identity: [],
        agent: false,
        hostKey: "strict",
        ...optionAt(path, value),
        ...(path.startsWith("korv.") && { protocol: "korv" }),
      } as unknown as ConnectOptions),
    );

  const { accepted, refused } = allEdges([
    ["timeout", 1, MAX_TIMER],
    ["retries", 0],
    ["reconnect.minDelay", 1, MAX_TIMER],
    // At least `minDelay`, whose default is 100.
    ["reconnect.maxDelay", 100, MAX_TIMER],
    ["reconnect.jitter", 0, 1],
    ["keepaliveInterval", 0, MAX_TIMER],
    ["keepaliveCountMax", 0],
    ["connectTimeout", 1, MAX_TIMER],
    ["korv.sendTimeout", 1, MAX_TIMER],
    ...LIMITS,
  ]);

  test.each(accepted)("accepts $path: $value", async ({ path, value }) => {
    expect(await connect(path, value)).not.toMatchObject({ status: "BAD_REQUEST" });
  });

  test.each(refused)("refuses $path: $value", async ({ path, value }) => {
    expectRefusal(await connect(path, value), path, value);
  });
});

describe("the helpers", () => {
  const uses: readonly (readonly [row: Row, use: (value: number) => unknown])[] = [
    [["retry.attempts", 1], (attempts) => retry({ attempts })],
    [["retry.minDelay", 1, MAX_TIMER], (minDelay) => retry({ minDelay })],
    [["retry.maxDelay", 100, MAX_TIMER], (maxDelay) => retry({ maxDelay })],
    [["retry.jitter", 0, 1], (jitter) => retry({ jitter })],
    [["maxTimeout", 1, MAX_TIMER], (timeout) => maxTimeout(timeout)],
    [["limitCalls.perPeer", 0], (perPeer) => limitCalls({ perPeer })],
    [["maxRecord", 1], (maxRecord) => readRecords([], { maxRecord }).next()],
    [["grace", 0, MAX_TIMER], (grace) => inMemory(handlersOf([], {})).close({ grace })],
  ];
  const rows = uses.flatMap(([row, use]) => {
    const { accepted, refused } = edges(row);
    return [
      ...accepted.map((edge) => ({ ...edge, use, isAccepted: true })),
      ...refused.map((edge) => ({ ...edge, use, isAccepted: false })),
    ];
  });

  test.each(rows)("take or refuse $path: $value", async ({ path, value, use, isAccepted }) => {
    const run = async (): Promise<unknown> => use(value);
    if (isAccepted) await run();
    else expectRefusal(await failure(run()), path, value);
  });

  test("serveStdio takes a grace that a timer accepts", async () => {
    for (const grace of [-1, MAX_TIMER + 1, Number.NaN]) {
      expectRefusal(await failure(serveStdio(handlersOf([], {}), { grace })), "grace", grace);
    }
  });
});
