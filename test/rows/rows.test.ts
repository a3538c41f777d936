import { existsSync, readFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair, onLoopback } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import handlers from "../../examples/server.js";
import { connect } from "../../generated/client.js";
import { failure, until } from "../unit/runtime/support/wait.js";
import { ROWS_OF_EARLIER_SYSTEMS } from "./rows.js";

const TESTS = fileURLToPath(new URL("../", import.meta.url));

/** The rows that there are: the letter of a system, and the number of its rows. */
const SYSTEMS = { K: 11, M: 10, C: 4, A: 12, W: 6 };

/** Whether a file has a test of this title that is not skipped. */
function hasTest(source: string, title: string): boolean {
  const quoted = [JSON.stringify(title), `\`${title}\``];
  return quoted.some((text) => source.includes(text)) && !/\b(?:test|it|describe)\.(?:skip|todo|only)\b/.test(source);
}

test("every row of the earlier systems has a test", () => {
  const expected = Object.entries(SYSTEMS).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
  );
  expect(Object.keys(ROWS_OF_EARLIER_SYSTEMS)).toEqual(expected);
  const empty = Object.entries(ROWS_OF_EARLIER_SYSTEMS).filter(
    ([, { tests }]) => Object.keys(tests).length === 0 || Object.values(tests).some((titles) => titles.length === 0),
  );
  expect(empty.map(([id]) => id)).toEqual([]);
});

test("every test that a row names exists, and is not skipped", () => {
  const named = Object.entries(ROWS_OF_EARLIER_SYSTEMS).flatMap(([id, { tests }]) =>
    Object.entries(tests).flatMap(([file, titles]) => titles.map((title) => ({ id, file, title }))),
  );
  const missing = named.filter(
    ({ file, title }) => !existsSync(TESTS + file) || !hasTest(readFileSync(TESTS + file, "utf8"), title),
  );
  expect(missing).toEqual([]);
});

/** Passes connections on to a port, and records what the client sends. */
async function startRecorder(target: number): Promise<{ readonly port: number; readonly sent: () => Buffer }> {
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  const recorder = createServer((client) => {
    const server = connectTcp(target, "127.0.0.1");
    for (const socket of [client, server]) sockets.add(socket.on("error", () => undefined));
    client.on("data", (chunk) => chunks.push(chunk));
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((listening) => recorder.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    recorder.close();
  });
  return { port: (recorder.address() as AddressInfo).port, sent: () => Buffer.concat(chunks) };
}

test("a call that was recorded on the network and is sent again does not run again", async () => {
  const calls: string[] = [];
  const logins: string[] = [];
  await using server = await onLoopback(handlers, {
    observer: {
      callEnded: ({ method }) => void calls.push(`${method}`),
      authenticated: () => void logins.push("authenticated"),
    },
  });
  const recorder = await startRecorder(server.port);
  {
    await using client = await connect(server.target.replace(`:${server.port}`, `:${recorder.port}`), server.options);
    await client.notes.store({ text: "once" });
  }
  const recorded = recorder.sent();
  expect(recorded.length).toBeGreaterThan(1000);
  await until("the recorded call", () => calls.includes("STORE /notes"));
  const before = { calls: [...calls], logins: [...logins] };

  const replay = connectTcp(server.port, "127.0.0.1").on("error", () => undefined);
  const closed = new Promise((resolve) => replay.once("close", resolve));
  replay.resume().write(recorded);
  await closed;
  expect({ calls, logins }).toEqual(before);
});

test("a client that rejects the host key has not sent its user name or a key", async () => {
  const [host, alice] = [generateKeyPair(), generateKeyPair()];
  const attempts: string[] = [];
  const connections: string[] = [];
  await using server = await serveHandlers(handlers, {
    ...{ port: 0, log: false, hostKeys: { privateKey: host.privateKey } },
    authorizedKeys: ({ user }) => {
      attempts.push(user);
      return { scopes: ["*"] };
    },
    observer: { connectionAdmitted: () => void connections.push("admitted") },
  });
  const target = `ssh://alice@127.0.0.1:${server.port}`;
  const asked: string[] = [];
  const options = { identity: { privateKey: alice.privateKey }, knownHosts: [] };
  const decide = (isAccepted: boolean) => async (info: { readonly fingerprint: string }) => {
    await new Promise((resolve) => setImmediate(resolve));
    asked.push(info.fingerprint);
    return isAccepted;
  };
  const error = await failure(connect(target, { ...options, hostKey: decide(false) }));
  expect(`${error}`).toContain("rejected by the option hostKey");
  expect({ asked, connections, attempts }).toEqual({
    asked: [...server.fingerprints],
    connections: ["admitted"],
    attempts: [],
  });
  await using client = await connect(target, { ...options, hostKey: decide(true) });
  expect(await client.hello.get()).toEqual({ msg: "Hello World!" });
  expect(new Set(attempts)).toEqual(new Set(["alice"]));
});
