import type { Client, ConnectOptions, UnaryMethodOptional } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { describe, expect } from "vitest";
import { makeKey, tempDir, write } from "../../unit/runtime/ssh/support.js";
import { apiOf, method } from "../../unit/runtime/support/server.js";
import { failure, within } from "../../unit/runtime/support/wait.js";
import { itWithAsyncssh, Peer } from "./peers.js";

/** The resources of the server in Python, named by what it does for them. */
const RESOURCES = [
  ...["hello", "noise", "in-reverse", "drip", "no-code", "no-body", "no-json", "no-gzip"],
  ...["damage", "half", "eof", "hang-up"],
] as const;

type Call = UnaryMethodOptional<object, unknown, unknown>;
type OddClient = Client & Readonly<Record<(typeof RESOURCES)[number], { readonly get: Call }>>;

/** Not idempotent, so that no call is retried: tests count the requests. */
const API = apiOf(...RESOURCES.map((name) => method(`GET /${name}`, { resource: name, idempotent: false })));

async function startServer(window?: number) {
  const directory = tempDir();
  const host = makeKey(directory, "host");
  const alice = makeKey(directory, "alice");
  const listed = write(directory, "authorized_keys", `${alice.line}\n`);
  const server = new Peer("odd_server.py", [host.file, listed, ...(window === undefined ? [] : [window])]);
  const { port } = (await server.event("listening")) as unknown as { port: number };
  const connect = (options: ConnectOptions<object> = {}) =>
    connectApi<OddClient>(API, `ssh://anybody@127.0.0.1:${port}`, {
      protocol: "korv",
      identity: alice.file,
      hostKey: host.publicKey.fingerprint,
      ...options,
    });
  return { server, connect };
}

describe("our client at a faulty korv server", () => {
  itWithAsyncssh("ignores responses without a request, and duplicates", async () => {
    const { server, connect } = await startServer();
    await using client = await connect();
    for (let n = 1; n <= 10; n++) expect(await client.noise.get({ n })).toEqual({ n });
    const answers = Array.from({ length: 20 }, (_, n) => client.noise.get({ n }));
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, (_, n) => ({ n })));
    expect(await client.hello.get({ n: 1 })).toEqual({ n: 1 });
    expect(server.all("request")).toHaveLength(31);
  });

  itWithAsyncssh("reads several responses in one packet, in any order, and one in many packets", async () => {
    const { connect } = await startServer();
    await using client = await connect();
    const calls = [1, 2, 3].map((n) => client["in-reverse"].get({ n }));
    expect(await Promise.all(calls)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(await client.drip.get({ text: "☺".repeat(50) })).toEqual({ text: "☺".repeat(50) });
  });

  itWithAsyncssh("fails the call whose response is malformed, and no other", async () => {
    const { server, connect } = await startServer();
    await using client = await connect();
    expect(await client["no-body"].get()).toBeNull();
    for (const name of ["no-code", "no-json"] as const) {
      const [error, other] = await Promise.all([failure(client[name].get()), client.hello.get({ n: 1 })]);
      expect(error, name).toMatchObject({
        status: "INTERNAL",
        message: expect.stringMatching(/invalid response of the korv server: /),
      });
      expect(other).toEqual({ n: 1 });
    }
    expect(server.all("lost")).toEqual([]);
  });

  itWithAsyncssh(
    "fails pending calls when the channel closes early or brings invalid bytes, and reconnects",
    async () => {
      const { server, connect } = await startServer();
      await using client = await connect({ reconnect: { minDelay: 10, maxDelay: 50 } });
      for (const [name, message] of [
        ["half", /truncated message: the stream ended/],
        ["eof", /closed the channel/],
        ["hang-up", /closed the channel/],
        ["no-gzip", /not gzip: expected the bytes 1f 8b/],
        ["damage", /corrupt gzip message: wrong checksum or length/],
      ] as const) {
        const lost = server.all("lost").length;
        expect(await failure(client[name].get()), name).toMatchObject({
          status: "UNAVAILABLE",
          message: expect.stringMatching(message),
        });
        await server.event("lost", lost + 1);
        expect(await within("the next call", client.hello.get({ name })), name).toEqual({ name });
      }
    },
  );

  itWithAsyncssh("times out a channel that is never opened", async () => {
    const { connect } = await startServer(0);
    expect(await failure(connect({ connectTimeout: 4000, reconnect: false }))).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringMatching(/did not finish the channel within 4000 ms \(connectTimeout\)/),
    });
  });

  itWithAsyncssh("times out a request to a server that stops reading", async () => {
    const { connect, server } = await startServer(1000);
    await using client = await connect({ korv: { sendTimeout: 200 }, timeout: 60_000 });
    // Hexadecimal digits, which gzip compresses to half.
    const digits = Array.from({ length: 700 }, (_, at) => ((at * 7919) % 65_521).toString(16))
      .join("")
      .slice(0, 1200);
    // The window has room for one request, which waits for its response.
    const calls = Array.from({ length: 3 }, () => failure(client.hello.get({ digits })));
    expect(await Promise.race(calls)).toMatchObject({
      status: "UNAVAILABLE",
      message: expect.stringMatching(/window has no room for \d+ bytes/),
    });
    expect(server.all("request")).toEqual([]);
  });
});
