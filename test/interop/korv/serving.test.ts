import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { makeKey } from "../../unit/runtime/ssh/support.js";
import { run } from "../run.js";
import { sshOptions } from "../sshd.js";
import { itWith } from "../stock.js";
import { itWithAsyncssh } from "./peers.js";
import { call, digits, message, received, send, startServer } from "./serving.js";

const ADAPTERS = readFileSync(new URL("../../../docs/adapters.md", import.meta.url), "utf8");

describe("a korv client at our server", () => {
  itWithAsyncssh("calls all verbs, with callbacks and blocking, with and without a body", async () => {
    const { open } = await startServer();
    const client = await open();
    for (const style of ["callback", "blocking"] as const) {
      expect(await call(client, style, "GET", "/hello")).toEqual([200, { msg: "Hello World!" }]);
      expect(await call(client, style, "GET", "hello", { name: "Ada" })).toEqual([200, { msg: "Hello Ada!" }]);
      expect(await call(client, style, "STORE", "/echo", { text: "ä" })).toEqual([200, { text: "ä" }]);
      expect(await call(client, style, "UPDATE", "/echo", { text: "b" })).toEqual([200, { text: "b" }]);
      expect(await call(client, style, "DELETE", "/echo")).toEqual([200, {}]);
      expect(await call(client, style, "GET", "/notes/42")).toEqual([200, { id: 42, text: "hi" }]);
    }
    // One response per call.
    expect(client.all("message")).toHaveLength(12);
    expect(client.all("unreadable")).toEqual([]);
  });

  itWithAsyncssh("gets 404 with the body null for unknown resources, and messages for other errors", async () => {
    const { open, log } = await startServer();
    const client = await open();
    expect(await call(client, "callback", "GET", "/nowhere")).toEqual([404, null]);
    expect(await call(client, "callback", "DELETE", "/hello")).toEqual([404, null]);
    expect(await call(client, "callback", "PATCH", "/hello")).toEqual([404, null]);
    expect(await call(client, "callback", "GET", "/notes/7")).toEqual([404, null]);
    expect(await call(client, "callback", "GET", "/hello", { typo: 1 })).toEqual([
      400,
      expect.objectContaining({ details: { issues: [expect.objectContaining({ path: "/x" })] } }),
    ]);
    expect(await call(client, "callback", "GET", "/secret")).toEqual([403, { message: expect.any(String) }]);
    expect(await call(client, "callback", "GET", "/stream")).toEqual([
      501,
      { message: "GET /stream: a streaming method; korv supports unary calls only" },
    ]);
    const [code, body] = await call(client, "callback", "GET", "/fail");
    expect(code).toBe(500);
    expect(JSON.stringify(body)).not.toContain("secret of the house");
    expect(JSON.stringify(log.lines.map(({ fields }) => String(fields["err"])))).toContain("secret of the house");
    expect(await call(client, "blocking", "GET", "/hello")).toEqual([200, { msg: "Hello World!" }]);
  });

  itWithAsyncssh("gets the cause of an error from a server with exposeErrors", async () => {
    const { open } = await startServer({ exposeErrors: true });
    const client = await open();
    const [, body] = await call(client, "callback", "GET", "/fail");
    expect(JSON.stringify(body)).toContain("secret of the house");
  });

  itWithAsyncssh("gets one 400 for each malformed request", async () => {
    const { open } = await startServer();
    const client = await open();
    const cases: [unknown, number, string | RegExp][] = [
      [{ verb: "GET", resource: "/hello", body: null }, 0, "Missing 'id'"],
      [{ id: 1.5, resource: "/hello", body: null }, 1.5, "Missing 'verb'"],
      [{ id: 2.5, verb: "GET", body: null }, 2.5, "Missing 'resource'"],
      [{ id: 3.5, verb: "STORE", resource: "/echo" }, 3.5, "Missing 'body'"],
      [{ id: 4.5, verb: "UPDATE", resource: "/echo" }, 4.5, "Missing 'body'"],
      [{}, 0, "Missing 'id'"],
      ["[]", 0, "invalid request: not a JSON object"],
      ["{", 0, /JSON/],
    ];
    for (const [index, [value, id, text]] of cases.entries()) {
      send(client, message(value));
      expect(await received(client, index + 1)).toEqual([id, 400, { message: expect.stringMatching(text) }]);
    }
    expect(await call(client, "blocking", "GET", "/hello")).toEqual([200, { msg: "Hello World!" }]);
    expect(client.all("message")).toHaveLength(cases.length + 1);
  });

  itWithAsyncssh("is understood however packets split its messages, and gets its ids back unchanged", async () => {
    const { open } = await startServer();
    const client = await open();
    const ids = [1700000000.1234567, 1700000000.1234567, 3, -4.25, 1e-7];
    const all = Buffer.concat(ids.map((id) => message({ id, verb: "GET", resource: "/hello", body: null })));
    // All in one packet, then in pieces of 17 bytes.
    send(client, all);
    await client.event("message", ids.length);
    for (let at = 0; at < all.length; at += 17) send(client, all.subarray(at, at + 17));
    await client.event("message", 2 * ids.length);
    const found = client.all("message").map(({ answer }) => (answer as { request_id: number }).request_id);
    const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);
    expect(sorted(found)).toEqual(sorted([...ids, ...ids]));
    expect(client.all("unreadable")).toEqual([]);
  });

  itWithAsyncssh("that repeats an id gets one response to each request", async () => {
    const { open } = await startServer();
    const client = await open();
    const names = ["Ada", "Bob", "Cleo"];
    const requests = names.map((name) => message({ id: 5, verb: "GET", resource: "/hello", body: { name } }));
    send(client, ...requests);
    await client.event("message", 3);
    expect(await call(client, "blocking", "GET", "/hello")).toEqual([200, { msg: "Hello World!" }]);
    const answers = client.all("message").slice(0, -1);
    const bodies = answers.map(({ answer }) => answer as { request_id: number; body: { msg: string } });
    expect(bodies.map(({ request_id }) => request_id)).toEqual([5, 5, 5]);
    expect(bodies.map(({ body }) => body.msg).sort()).toEqual(names.map((name) => `Hello ${name}!`));
  });

  itWithAsyncssh("may send NaN, which becomes null", async () => {
    const { open } = await startServer();
    const client = await open();
    send(client, message('{"id":1,"verb":"STORE","resource":"/echo","body":{"a":NaN,"b":"NaN","c":-Infinity}}'));
    expect(await received(client)).toEqual([1, 200, { a: null, b: "NaN", c: null }]);
  });

  itWithAsyncssh("gets the error of a forbidden key under the id of its request", async () => {
    const { open } = await startServer();
    const client = await open();
    send(client, message('{"id":7,"verb":"STORE","resource":"/echo","body":{"__proto__":{"admin":true}}}'));
    expect(await received(client)).toEqual([7, 400, { message: expect.stringContaining('"__proto__"') }]);
    send(client, message('{"id":{"__proto__":1},"verb":"STORE","resource":"/echo","body":{}}'));
    expect(await received(client, 2)).toEqual([0, 400, { message: expect.stringContaining('"__proto__"') }]);
    expect(await call(client, "blocking", "GET", "/hello")).toEqual([200, { msg: "Hello World!" }]);
  });

  itWithAsyncssh("may nest values as deep as a message permits, and only that request fails", async () => {
    const { open } = await startServer();
    const client = await open();
    const depth = 1_000_000;
    const body = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    send(client, message(`{"id":1,"verb":"STORE","resource":"/echo","body":${body}}`));
    const [id, code] = await received(client);
    expect(id).toBe(1);
    expect([400, 500]).toContain(code);
    expect(await call(client, "blocking", "GET", "/hello")).toEqual([200, { msg: "Hello World!" }]);
  });

  itWithAsyncssh("runs as many calls concurrently as the limit permits; further ones wait", async () => {
    const { open, slow } = await startServer({ korv: { calls: 5 } });
    const client = await open();
    for (let id = 1; id <= 20; id++) send(client, message({ id, verb: "GET", resource: "/slow", body: null }));
    while (slow.running < 5) await new Promise((resolve) => setTimeout(resolve, 10));
    slow.release();
    await client.event("message", 20);
    expect(slow.most).toBe(5);
    const ids = client.all("message").map(({ answer }) => (answer as { request_id: number }).request_id);
    expect(new Set(ids).size).toBe(20);
  });

  itWithAsyncssh("gets each response in one packet, and a 500 in place of a larger one", async () => {
    const { open } = await startServer();
    const client = await open();
    const [code, body] = await call(client, "blocking", "GET", "/large", { size: 50_000 });
    expect([code, (body as string).length]).toEqual([200, 50_000]);
    expect(await call(client, "blocking", "GET", "/large", { size: 100_000 })).toEqual([
      500,
      {
        message: expect.stringMatching(
          /^the response cannot be sent: packet of \d+ bytes exceeds the peer's limit of 32768 bytes/,
        ),
      },
    ]);
    // Several megabytes together: many windows, and never a split message.
    for (let id = 1; id <= 100; id++)
      send(client, message({ id, verb: "GET", resource: "/large", body: { size: 58_000 } }));
    await client.event("message", 102);
    expect(client.all("unreadable")).toEqual([]);
    expect(await call(client, "blocking", "GET", "/hello")).toEqual([200, { msg: "Hello World!" }]);
  });

  // Compressed, they have a little over half of these sizes: the last two 151 KB and just under 1 MiB.
  const SIZES = [1, 32_767, 32_768, 32_769, 150_000, 1_000_000, 280_000, 1_900_000];
  const DEFAULT_WINDOW = 2 * 1024 * 1024;

  itWithAsyncssh(
    "that opens its channel with larger packets gets responses of any size, each in one packet",
    async () => {
      const { open } = await startServer();
      for (const [window, packet] of [
        [DEFAULT_WINDOW, 1 << 20],
        [2 ** 32 - 1, 2 ** 32 - 1],
      ] as const) {
        const client = await open(window, packet);
        const style = window === DEFAULT_WINDOW ? "blocking" : "callback";
        for (const size of SIZES) {
          const [code, body] = await call(client, style, "GET", "/large", { size });
          expect([code, body === digits(size)]).toEqual([200, true]);
        }
        // Compressed, these are around 32,768 bytes, the packet size that every client accepts.
        const count = client.all("message").length;
        const near = Array.from({ length: 40 }, (_, at) => 59_600 + 50 * at);
        // Together more than a window.
        for (const size of [...near, ...Array(10).fill(1_000_000)])
          send(client, message({ id: size, verb: "GET", resource: "/large", body: { size } }));
        await client.event("message", count + near.length + 10);
        const sizes = client.all("message").map(({ size }) => size as number);
        expect(sizes.some((size) => size > 32_700 && size <= 32_768)).toBe(true);
        expect(sizes.some((size) => size > 32_768 && size < 32_850)).toBe(true);
        expect(sizes.filter((size) => size > 400_000)).toHaveLength(12);
        expect(client.all("message").map(({ answer }) => (answer as { code: number }).code)).not.toContain(500);
        expect(client.all("unreadable")).toEqual([]);
      }
    },
  );

  itWithAsyncssh("that opens its channel with the default packet size gets the responses that fit", async () => {
    const { open } = await startServer();
    const client = await open();
    for (const size of SIZES) {
      const [code, body] = await call(client, "blocking", "GET", "/large", { size });
      if (size < 50_000) expect([code, body === digits(size)]).toEqual([200, true]);
      else
        expect([code, body]).toEqual([
          500,
          { message: expect.stringMatching(/exceeds the peer's limit of 32768 bytes$/) },
        ]);
    }
    expect(client.all("unreadable")).toEqual([]);
  });

  itWithAsyncssh("gets no larger packet than its packet size and its window permit", async () => {
    const { open } = await startServer();
    const [narrow, low] = [await open(2 * 1024 * 1024, 4096), await open(8192, 32_768)];
    for (const [client, size] of [
      [narrow, 6000],
      [low, 14_000],
    ] as const) {
      for (let round = 0; round < 10; round++) {
        expect((await call(client, "blocking", "GET", "/large", { size: size / 10 }))[0]).toBe(200);
      }
      expect((await call(client, "blocking", "GET", "/large", { size: size * 2 }))[0]).toBe(500);
      expect(client.all("unreadable")).toEqual([]);
    }
  });

  itWithAsyncssh("that does not read gets a 500 if its window has no room, and continues when it reads", async () => {
    const { open, large } = await startServer({ korv: { sendTimeout: 200 } });
    const client = await open(65_536, 32_768);
    client.do({ do: "pause" });
    for (let id = 1; id <= 4; id++)
      send(client, message({ id, verb: "GET", resource: "/large", body: { size: 50_000 } }));
    // Two or three of them fit; responses that wait longer than sendTimeout become errors.
    while (large.asked < 4) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    client.do({ do: "resume" });
    await client.event("message", 4);
    const codes = client.all("message").map(({ answer }) => (answer as { code: number }).code);
    expect(codes).toContain(500);
    expect(codes).toContain(200);
    expect(client.all("unreadable")).toEqual([]);
  });

  itWithAsyncssh("that speaks another protocol gets an error, and only its channel closes", async () => {
    const { open, log } = await startServer();
    const [client, other] = [await open(), await open()];
    send(
      client,
      message({ id: 1, verb: "GET", resource: "/hello", body: null }),
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    );
    await client.event("message", 2);
    const answers = client.all("message").map(({ answer }) => answer as Record<string, unknown>);
    expect(answers).toContainEqual(expect.objectContaining({ request_id: 1, code: 200 }));
    expect(answers).toContainEqual(
      expect.objectContaining({ request_id: 0, code: 400, body: { message: "not gzip: expected the bytes 1f 8b" } }),
    );
    await client.event("closed");
    expect(log.with("korv channel ended").map(({ fields }) => fields["reason"])).toEqual([
      "not gzip: expected the bytes 1f 8b",
    ]);
    expect(await call(other, "blocking", "GET", "/hello")).toEqual([200, { msg: "Hello World!" }]);
  });

  itWithAsyncssh("cannot make the server inflate a bomb or read without end", async () => {
    const { open } = await startServer({ korv: { compressed: 10_000, decompressed: 100_000 } });
    const bomb = gzipSync(`{"id":1,"verb":"STORE","resource":"/echo","body":"${" ".repeat(5_000_000)}"}`);
    const [client, long] = [await open(), await open()];
    send(client, bomb);
    expect(await received(client)).toEqual([0, 400, { message: "message too large: over 100000 bytes" }]);
    await client.event("closed");
    send(long, message({ id: 1, verb: "STORE", resource: "/echo", body: digits(30_000) }));
    expect(await received(long)).toEqual([0, 400, { message: "message too large: over 10000 bytes compressed" }]);
    await long.event("closed");
  });

  itWithAsyncssh("that sends EOF still gets the responses to its earlier requests", async () => {
    const { open, slow } = await startServer();
    const client = await open();
    send(client, message({ id: 1, verb: "GET", resource: "/slow", body: null }));
    while (slow.running < 1) await new Promise((resolve) => setTimeout(resolve, 10));
    client.do({ do: "eof" });
    slow.release();
    expect(await received(client)).toEqual([1, 200, "done"]);
    await client.event("closed");
  });

  itWithAsyncssh("that sends EOF inside a message gets an error, and its channel closes", async () => {
    const { open } = await startServer();
    const client = await open();
    send(client, message({ id: 1 }).subarray(0, 15));
    client.do({ do: "eof" });
    expect(await received(client)).toEqual([0, 400, { message: "truncated message: the stream ended" }]);
    await client.event("closed");
  });

  itWithAsyncssh("that is killed has its calls cancelled", async () => {
    const { open, slow } = await startServer();
    const client = await open();
    send(client, message({ id: 1, verb: "GET", resource: "/slow", body: null }));
    while (slow.running < 1) await new Promise((resolve) => setTimeout(resolve, 10));
    await client.kill();
    while (slow.cancelled < 1) await new Promise((resolve) => setTimeout(resolve, 10));
    slow.release();
  });

  itWithAsyncssh("is refused with an unlisted key, and fails to connect to a closed server", async () => {
    const { connect, directory, server } = await startServer();
    const mallory = makeKey(directory, "mallory");
    expect(await connect(mallory.file).event("failed")).toMatchObject({ error: /Permission denied/ });
    const client = connect();
    await client.event("ready");
    await server.close();
    await client.event("gone");
    expect(await connect().event("failed")).toMatchObject({ error: /refused|Connect call failed/ });
  });

  itWith(["ssh"], "can be ssh and gzip, by the command in docs/adapters.md", async () => {
    const { server, directory } = await startServer();
    const files = { knownHosts: `${directory}/known_hosts`, identity: `${directory}/alice` };
    const [, shown = ""] = /^\$ (echo .* -W any:1 host .*)$/m.exec(ADAPTERS) ?? [];
    const command = shown
      .replace("ssh -p 8022", `ssh ${sshOptions({ ...files, port: server.port }).join(" ")}`)
      .replace(" host ", " alice@127.0.0.1 ");
    const { stdout, stderr } = await run("sh", ["-c", command]);
    expect(JSON.parse(stdout), stderr).toMatchObject({ request_id: 1, code: 200, body: { msg: "Hello World!" } });
  });

  itWithAsyncssh("is refused if the option korv is off", async () => {
    const { connect } = await startServer({ korv: false });
    expect(await connect().event("failed")).toMatchObject({ error: /prohibited|refused|failed/i });
  });
});

it("a server refuses invalid limits of korv", async () => {
  await expect(startServer({ korv: { calls: 0 } })).rejects.toThrow(
    "option korv.calls: 0 is not an integer from 1 to 2147483647",
  );
  await expect(startServer({ korv: { call: 1 } as object })).rejects.toThrow(
    'unknown option "korv.call" (did you mean',
  );
});
