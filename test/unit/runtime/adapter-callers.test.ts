import { connectSsh } from "sshrpc/client";
import { type Api, bindHandlers, connectApi } from "sshrpc/generated";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { until } from "./support/wait.js";

const anything = () => true;
const api: Api = {
  name: "test",
  version: "1.0.0",
  hash: "00",
  methods: [
    {
      ...{ id: "GET /it", resource: "it", verb: "GET", path: "/it", kind: "unary", params: {}, idempotent: true },
      ...{ request: anything, response: anything },
    },
  ],
};

/** A server whose calls last until `finish`, and a function that connects to it. */
async function serve() {
  const user = generateKeyPair();
  let running = 0;
  let finish = (): void => {};
  const finished = new Promise<null>((resolve) => {
    finish = () => resolve(null);
  });
  const get = () => {
    running++;
    return finished;
  };
  const server = await serveHandlers(bindHandlers(api, { it: { get } }), {
    host: "127.0.0.1",
    port: 0,
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [user.publicKey] },
    limits: { calls: 1 },
    log: false,
  });
  onTestFinished(() => server.close());
  const target = `ssh://alice@127.0.0.1:${server.port}`;
  const identity = { privateKey: user.privateKey };
  const options = { identity, hostKey: server.fingerprints[0] as string, sshConfig: false, agent: false } as const;
  const connect = async () => {
    const ssh = await connectSsh(target, options);
    onTestFinished(() => ssh.close());
    return ssh;
  };
  return { server, target, options, connect, running: () => running, finish };
}

test("server.clients lists the caller of a command while its call runs", async () => {
  const { server, connect, running, finish } = await serve();
  const ssh = await connect();
  expect(server.clients).toEqual([]);
  const command = ssh.run("GET /it");
  await until("the call", () => running() === 1);
  expect(server.clients.map(({ peer }) => peer.user)).toEqual(["alice"]);
  finish();
  expect(await command).toMatchObject({ exitCode: 0, stdout: "null\n" });
  expect(server.clients).toEqual([]);
});

test("server.clients lists a client of the native protocol while it is connected", async () => {
  const { server, target, options } = await serve();
  const client = await connectApi(api, target, options);
  await until("its HELLO", () => server.clients.length > 0);
  expect(server.clients.map(({ peer }) => peer.user)).toEqual(["alice"]);
  await client.close();
  await until("the end of its connection", () => server.clients.length === 0);
});

test("commands of one SSH connection share limits.calls, and those of another connection do not", async () => {
  const { connect, running, finish } = await serve();
  const [first, second] = [await connect(), await connect()];
  const command = first.run("GET /it");
  await until("the call", () => running() === 1);
  const refused = await first.run("GET /it");
  expect(refused.exitCode).toBe(4);
  expect(refused.stderrTail).toContain("this connection already runs 1 calls (limits.calls)");
  const other = second.run("GET /it");
  await until("the call of the other connection", () => running() === 2);
  finish();
  expect([(await command).exitCode, (await other).exitCode]).toEqual([0, 0]);
});
