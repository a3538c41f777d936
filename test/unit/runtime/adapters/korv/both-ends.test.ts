import { once } from "node:events";
import { gunzipSync, gzipSync } from "node:zlib";
import ssh2, { type ClientChannel } from "ssh2";
import type { Client, ConnectOptions, UnaryMethodOptional } from "sshrpc/client";
import { type ErrorStatus, isErrorStatus, STATUSES, type StatusName } from "sshrpc/contract";
import { connectApi, type Method } from "sshrpc/generated";
import { RpcError, type ServeOptions, serveHandlers } from "sshrpc/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort, makeKey, tempDir, write } from "../../ssh/support.js";
import { type AnyHandler, any, apiOf, handlersOf, method } from "../../support/server.js";

type Call = UnaryMethodOptional<object, unknown, unknown>;
interface ItClient extends Client {
  readonly it: { readonly get: Call; readonly store: Call };
}

/** A server with one method, and a function that connects a client over korv's protocol. */
async function start(one: Method, handler: AnyHandler, options: Partial<ServeOptions> = {}, scopes = "*") {
  const directory = tempDir();
  const alice = makeKey(directory, "alice");
  const hostKey = makeKey(directory, "host");
  const authorizedKeys = write(directory, "authorized_keys", `restrict,scopes="${scopes}" ${alice.line}\n`);
  const serve = () =>
    serveHandlers(handlersOf([one], { [one.id]: handler }), {
      port: 0,
      hostKeys: hostKey.file,
      authorizedKeys,
      korv: true,
      log: false,
      ...options,
    });
  const server = await serve();
  onTestFinished(() => server.close());
  const connect = async (more: ConnectOptions<object> = {}) => {
    const client = await connectApi<ItClient>(apiOf(one), `ssh://anybody@127.0.0.1:${server.port}`, {
      protocol: "korv",
      identity: alice.file,
      hostKey: hostKey.publicKey.fingerprint,
      ...more,
    });
    onTestFinished(() => client.close());
    return client;
  };
  return { server, serve, connect, alice };
}

describe("our client and our server, over korv's protocol,", () => {
  test("exchange calls, also with a key that permits no forwarding", async () => {
    const one = method("GET /notes/{id}/of/{who}", { params: { id: "integer", who: "string" } });
    const { connect } = await start(one, (request) => request);
    const client = await connect();
    const request = { id: 42, who: "a b/ä", deep: { x: [1, null, "NaN"] } };
    expect(await client.it.get(request)).toEqual(request);
  });

  test("run as many calls at a time as limits.calls allows, also after others have ended", async () => {
    let end = (): void => {};
    const hangs = new Promise<void>((resolve) => {
      end = resolve;
    });
    const handler = (request: { id?: number }) => (request.id === 0 ? hangs.then(() => request) : request);
    const { connect } = await start(method("GET /it"), handler as AnyHandler, { korv: { calls: 2 } });
    const client = await connect();
    for (const id of [1, 2, 3]) expect(await client.it.get({ id })).toEqual({ id });
    const first = client.it.get({ id: 0 });
    expect(await client.it.get({ id: 4 })).toEqual({ id: 4 });
    end();
    expect(await first).toEqual({ id: 0 });
  });

  test("run many concurrent calls", async () => {
    const { connect } = await start(method("GET /it"), async (request) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      return request;
    });
    const client = await connect();
    const requests = Array.from({ length: 300 }, (_, id) => ({ id, text: "x".repeat(id * 10) }));
    expect(await Promise.all(requests.map((request) => client.it.get(request)))).toEqual(requests);
  });

  test("carry errors of every status with message and details, except METHOD_NOT_ALLOWED", async () => {
    const message = "\ttabs\r\n☺ and 😈 \u0000";
    const statuses = (Object.keys(STATUSES) as StatusName[]).filter(isErrorStatus);
    const one = method("GET /it", {
      idempotent: false,
      errors: Object.fromEntries(statuses.map((name) => [name, any])),
    });
    const { connect } = await start(one, (request) => {
      const { status } = request as { status: ErrorStatus };
      const issues = [{ path: "/a", keyword: "type", message: "bad" }];
      throw new RpcError(status, message, { details: status === "BAD_REQUEST" ? { issues } : { by: "bob" } });
    });
    const client = await connect({ retries: 0 });
    for (const status of statuses) {
      const details = status === "BAD_REQUEST" ? { issues: [expect.anything()] } : { by: "bob" };
      const error = status === "METHOD_NOT_ALLOWED" ? { status: "NOT_FOUND" } : { status, message, details };
      expect(await client.it.get.safe({ status }), status).toMatchObject({ ok: false, error });
    }
  });

  test("fail a call whose request has the key __proto__, and no other call", async () => {
    const { connect } = await start(method("GET /it"), (request) => request);
    const client = await connect();
    const request = JSON.parse('{"__proto__":{"x":1}}');
    await expect(client.it.get(request)).rejects.toMatchObject({ status: "BAD_REQUEST" });
    expect(await client.it.get({ a: 1 })).toEqual({ a: 1 });
  });

  test("fail a call whose response is too large for one packet", async () => {
    const noise = Array.from({ length: 20_000 }, () => Math.random()).join();
    const { connect } = await start(method("GET /it"), () => noise);
    const client = await connect();
    await expect(client.it.get()).rejects.toMatchObject({
      status: "INTERNAL",
      message: expect.stringContaining("exceeds the peer's limit of 32768 bytes"),
    });
  });

  test("retry an idempotent call when the server restarts", async () => {
    let calls = 0;
    const handler = () => {
      calls += 1;
      return calls === 1 ? new Promise(() => undefined) : calls;
    };
    const { server, serve, connect } = await start(method("GET /it"), handler, { port: await freePort() });
    const client = await connect({ reconnect: { minDelay: 10, maxDelay: 50 } });
    const first = client.it.get();
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.close();
    const second = await serve();
    onTestFinished(() => second.close());
    expect(await first).toBe(2);
  });

  test("are refused a method whose scope the key lacks", async () => {
    const { connect } = await start(method("GET /it", { scope: "admin" }), () => "secret", {}, "notes:*");
    await expect((await connect()).it.get()).rejects.toMatchObject({ status: "FORBIDDEN" });
  });
});

describe("a server of korv", () => {
  test("releases the slot of each channel, however the channel ended", async () => {
    const { server, alice } = await start(method("GET /it"), (request) => request);
    const client = new ssh2.Client();
    onTestFinished(() => void client.end());
    const { port } = server;
    client
      .on("error", () => undefined)
      .connect({ host: "127.0.0.1", port, username: "a", privateKey: alice.privateKey });
    await once(client, "ready");
    client.setNoDelay(true);
    const open = () =>
      new Promise<ClientChannel>((resolve, reject) => {
        client.forwardOut("127.0.0.1", 0, "anywhere", 1, (error, channel) =>
          error ? reject(error) : resolve(channel),
        );
      });
    // More channels than a connection may have open at once (forwarding.maxForwarded).
    for (let round = 0; round < 150; round++) {
      const channel = await open();
      const response = once(channel, "data");
      channel.write(gzipSync(JSON.stringify({ id: round, verb: "GET", resource: "/it", body: { round } })));
      const [data] = (await response) as [Buffer];
      expect(JSON.parse(gunzipSync(data).toString())).toMatchObject({ request_id: round, body: { round } });
      const closed = once(channel, "close");
      if (round % 3 === 0) channel.close();
      else if (round % 3 === 1) channel.end();
      else channel.write("garbage");
      channel.resume();
      await closed;
    }
    while (server.clients.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
