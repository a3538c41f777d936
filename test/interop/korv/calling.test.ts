import type { Method } from "sshrpc/generated";
import { connectApi } from "sshrpc/generated";
import { describe, expect } from "vitest";
import { takeKey } from "../../fixtures/keys.js";
import { apiOf, method } from "../../unit/runtime/support/server.js";
import { SSHD, startSshd } from "../sshd.js";
import { itWith } from "../stock.js";
import { API, greeting, type KorvClient, resource, startServer } from "./calling.js";
import { itWithAsyncssh } from "./peers.js";

/** A contract with one method, called `client.it.get()`. */
const only1 = (path: string, more: Partial<Method> = {}) => apiOf(method(`GET ${path}`, more));

describe("our client at a korv server", () => {
  itWithAsyncssh("calls all verbs, concurrently, typed by the contract", async () => {
    const { server, connect, requests, port } = await startServer();
    await using client = await connect();
    expect(await client.hello.get({ name: "Ada" })).toEqual({ msg: "Hello Ada!" });
    expect(await client.hello.get()).toEqual({ msg: "Hello World!" });
    expect(await client.notes.store({ text: "hi" })).toEqual({ id: 2, text: "hi" });
    expect(await client.notes.update({ id: 2, text: "ho" })).toEqual({ id: 2, text: "ho" });
    expect(await client.notes.delete({ id: 2 })).toBeNull();
    const names = Array.from({ length: 200 }, (_, at) => `caller ${at}`);
    const answers = await Promise.all(names.map((name) => client.hello.get({ name })));
    expect(answers).toEqual(names.map((name) => ({ msg: `Hello ${name}!` })));
    expect(requests()).toHaveLength(205);
    const ids = requests().map((request) => (request as { id: number }).id);
    expect(new Set(ids).size).toBe(205);
    expect(Math.min(...ids)).toBe(1);
    expect(server.all("channel")).toEqual([{ event: "channel", host: "127.0.0.1", port }]);
  });

  itWithAsyncssh("sends every field that the server requires", async () => {
    const { connect } = await startServer();
    await using client = await connect();
    expect(await client.echo.get()).toEqual({ id: 1, verb: "GET", resource: "/echo", body: null });
    expect(await client.echo.delete({ x: 1 })).toMatchObject({ verb: "DELETE", body: { x: 1 } });
    expect(await client.echo.store({ x: 1 })).toMatchObject({ body: { x: 1 }, request: { body: null } });
    expect(await client.echo.update()).toMatchObject({ body: {}, request: { body: null } });
    expect(await client.part.get({ id: "a b", deep: 1 })).toMatchObject({ resource: "/echo/a%20b", body: { deep: 1 } });
  });

  itWithAsyncssh("sends a request that is not an object as it is", async () => {
    const { connect } = await startServer();
    await using client = await connect();
    for (const value of [5, false, "text", [1, 2], [], {}, { "0": 1 }]) {
      expect(await client.echo.store(value as object)).toMatchObject({ body: value });
    }
  });

  itWithAsyncssh("maps the server's codes to errors, and the connection survives", async () => {
    const { connect } = await startServer();
    const failure = async (path: string, more?: Partial<Method>) => {
      await using client = await connect(only1(path, more));
      const error = await client.it.get({}).catch((reason) => reason);
      await client.it.get({}).catch(() => undefined);
      return error;
    };
    expect(await failure("/nowhere")).toMatchObject({ status: "NOT_FOUND", message: "not found" });
    expect(await failure("/conflict")).toMatchObject({
      status: "CONFLICT",
      message: "it is taken",
      details: { by: "bob" },
    });
    expect(await failure("/odd")).toMatchObject({
      status: "BAD_REQUEST",
      code: 418,
      details: { issues: [], body: { pot: "tea" } },
    });
    const crash = await failure("/fail");
    expect(crash).toMatchObject({ status: "INTERNAL", message: "no such luck", details: undefined });
  });

  itWithAsyncssh("joins responses that arrive in many packets", async () => {
    const { connect } = await startServer();
    await using client = await connect();
    const size = 3_000_000;
    const [first, second] = (await Promise.all([
      client.large.get({ seed: 1, size }),
      client.large.get({ seed: 2, size: 100_000 }),
    ])) as [{ hex: string }, { hex: string }];
    expect(first.hex).toHaveLength(size);
    expect(second.hex).toHaveLength(100_000);
    expect(first.hex.slice(0, 50_000)).not.toBe(second.hex.slice(0, 50_000));
  });

  itWithAsyncssh("refuses a request for which the server would close the connection", async () => {
    const { connect, requests } = await startServer();
    await using client = await connect();
    // Hexadecimal digits, which gzip compresses to half.
    const hex = (await client.large.get({ seed: 3, size: 150_000 })) as { hex: string };
    await expect(client.echo.store(hex)).rejects.toMatchObject({
      status: "MESSAGE_TOO_LARGE",
      message: expect.stringMatching(/^the request has \d+ bytes compressed; the limit of the korv server is 32768$/),
    });
    expect(requests()).toHaveLength(1);
    const most = { hex: hex.hex.slice(0, 55_000) };
    expect(await client.echo.store(most)).toMatchObject({ body: most });
    // The limit is on the compressed size.
    const letters = { text: "a".repeat(2_000_000) };
    expect(await client.echo.store(letters)).toMatchObject({ body: letters });
  });

  itWithAsyncssh("takes the first of several responses to one request", async () => {
    const { connect } = await startServer();
    await using client = await connect(only1("/twice"));
    for (let round = 0; round < 20; round++) expect(await client.it.get()).toEqual({ msg: "Hello World!" });
  });

  itWithAsyncssh("stops waiting at the deadline or when cancelled, and makes further calls", async () => {
    const { connect, server } = await startServer();
    await using client = await connect(apiOf(resource("it", "GET /silence"), resource("hello", "GET /hello")));
    await expect(client.it.get({}, { timeout: 200 })).rejects.toMatchObject({ status: "DEADLINE_EXCEEDED" });
    const abort = new AbortController();
    const call = client.it.get({}, { signal: abort.signal });
    await server.event("request", 2);
    abort.abort();
    await expect(call).rejects.toMatchObject({ status: "CANCELLED" });
    expect(await client.hello.get()).toEqual({ msg: "Hello World!" });
    expect(server.all("eof")).toEqual([]);
  });

  itWithAsyncssh("reads NaN as null, and validates requests and responses by the contract", async () => {
    const { connect, requests } = await startServer();
    await using client = await connect();
    expect(await client.nan.get()).toEqual({ number: null, text: "NaN" });
    await expect(client.hello.get({ typo: 1 })).rejects.toMatchObject({ status: "BAD_REQUEST" });
    expect(requests()).toHaveLength(1);
    await using other = await connect(only1("/wrong", { response: greeting }));
    await expect(other.it.get()).rejects.toMatchObject({ status: "INTERNAL" });
  });

  itWithAsyncssh("refuses streams without sending a request", async () => {
    const { connect, requests } = await startServer();
    await using client = await connect();
    await expect(client.stream.get({}).response).rejects.toMatchObject({ status: "UNIMPLEMENTED" });
    expect(requests()).toEqual([]);
  });

  itWithAsyncssh("fails the call whose response is too large, without a retry, and no other", async () => {
    const { connect, requests } = await startServer();
    await using client = await connect(API, { limits: { message: 100_000 } });
    await expect(client.bomb.get({ size: 50_000_000 })).rejects.toMatchObject({
      status: "MESSAGE_TOO_LARGE",
      message: "response over 100000 bytes (limits.message)",
    });
    await expect(client.large.get({ seed: 1, size: 400_000 })).rejects.toMatchObject({
      message: "response over 100000 bytes (limits.message)",
    });
    expect(requests()).toHaveLength(2);
    expect(await client.hello.get()).toEqual({ msg: "Hello World!" });
  });

  itWithAsyncssh("maps paths to the server's names of resources", async () => {
    const { connect } = await startServer();
    await using client = await connect(API, { korv: { mapPath: (path) => path.slice(1) } });
    expect(await client.hello.get()).toEqual({ msg: "without a slash" });
  });

  itWithAsyncssh("verifies the host key, and reports that its own key is not authorized", async () => {
    const { connect } = await startServer();
    const stranger = `SHA256:${"A".repeat(43)}`;
    await expect(connect(API, { hostKey: stranger })).rejects.toMatchObject({ status: "UNAUTHENTICATED" });
    await expect(connect(API, { identity: takeKey("ed25519", "mallory") })).rejects.toMatchObject({
      status: "UNAUTHENTICATED",
      message: expect.stringContaining("accepts none of these keys"),
    });
  });

  itWithAsyncssh("fails its calls with UNAVAILABLE when the server is killed", async () => {
    const { connect, server } = await startServer();
    await using client = await connect(only1("/silence", { idempotent: false }));
    const call = client.it.get.safe();
    await server.event("request");
    await server.kill();
    expect(await call).toMatchObject({ ok: false, error: { status: "UNAVAILABLE" } });
  });

  itWith([SSHD], "reports a server that is not a korv server", async () => {
    const sshd = await startSshd();
    const options = { protocol: "korv", identity: sshd.key.file, knownHosts: sshd.knownHosts } as const;
    // sshd forwards to itself: the channel brings its greeting, or closes where it has read the request first.
    const reach = async () => {
      await using client = await connectApi<KorvClient>(API, sshd.address, { ...options, reconnect: false });
      await client.hello.get({}, { timeout: 5000 });
    };
    await expect(reach()).rejects.toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringMatching(
        /not a working korv server: (not gzip: expected the bytes 1f 8b|it closed the channel)/,
      ),
    });
    const closed = await startSshd({ config: ["AllowTcpForwarding no"] });
    await expect(
      connectApi(API, closed.address, { ...options, identity: closed.key.file, knownHosts: closed.knownHosts }),
    ).rejects.toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringMatching(/^ssh:\/\/\S+ rejected the channel( \(.+\))?: does it serve korv\?$/),
    });
  });
});
