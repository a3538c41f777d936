import { describe, expect } from "vitest";
import { rounds } from "../../rounds.js";
import { makeKey } from "../../unit/runtime/ssh/support.js";
import { startServer as startKorvServer } from "./calling.js";
import { itWithAsyncssh, type Peer } from "./peers.js";
import { call, digits, message, send, startServer } from "./serving.js";

/** Seconds between the rekeys of each side. */
const REKEY = 1;

/** Rekeys during which each test calls, at least: 2 in `npm test`, 12 with SSHRPC_TEST_ROUNDS=full. */
const REKEYS = rounds(60) / 5;

const TIMEOUT = 60_000 + REKEYS * 10_000;
const WINDOW = 2 * 1024 * 1024;

/** Both packet sizes of korv, and sizes of responses that fit into one packet of each when compressed. */
const PACKETS = [
  [32_768, [1, 30_000, 58_000]],
  [1 << 20, [1, 32_768, 150_000, 1_900_000]],
] as const;

const ABOUT_HELLO = { verb: "GET", resource: "/hello", body: null };

/** Malformed requests, with the id and the code of the response to each (K4). */
const MALFORMED = [
  [{ verb: "GET", resource: "/hello", body: null }, 0],
  [{ id: 1.5, resource: "/hello", body: null }, 1.5],
  [{ id: 2.5, verb: "GET", body: null }, 2.5],
  [{ id: 3.5, verb: "STORE", resource: "/echo" }, 3.5],
  ["{", 0],
] as const;

/** The code and the id of each further message, in the order of arrival. */
class Tally {
  readonly #client: Peer;
  #seen = 0;

  constructor(client: Peer) {
    this.#client = client;
  }

  /** The answers to the `count` requests since the last call of this method, or of {@link skip}. */
  async next(count: number): Promise<{ request_id: number; code: number; body: unknown }[]> {
    await this.#client.event("message", this.#seen + count);
    const found = this.#client.all("message").slice(this.#seen, this.#seen + count);
    this.#seen += count;
    return found.map(({ answer }) => answer as { request_id: number; code: number; body: unknown });
  }

  get total(): number {
    return this.#seen;
  }
}

/** K1, K2, K3, K5, K7 and K11: every verb in both styles gets one answer, the right one, and so do unknown methods. */
async function callEach(client: Peer, tally: Tally): Promise<void> {
  for (const style of ["blocking", "callback"] as const) {
    const answers = [
      await call(client, style, "GET", "/hello"),
      await call(client, style, "STORE", "/echo", { text: "ä" }),
      await call(client, style, "UPDATE", "/echo", { text: "b" }),
      await call(client, style, "DELETE", "/echo"),
      await call(client, style, "GET", "/notes/42"),
      await call(client, style, "GET", "/notes/7"),
      await call(client, style, "GET", "/nowhere"),
      await call(client, style, "PATCH", "/hello"),
      await call(client, style, "GET", "/hello", { typo: 1 }),
      await call(client, style, "GET", "/fail"),
    ];
    expect(answers.map(([code]) => code)).toEqual([200, 200, 200, 200, 200, 404, 404, 404, 400, 500]);
    expect(answers.slice(0, 5).map(([, body]) => body)).toEqual([
      ...[{ msg: "Hello World!" }, { text: "ä" }, { text: "b" }, {}, { id: 42, text: "hi" }],
    ]);
    expect(JSON.stringify(answers)).not.toContain("secret of the house");
    await tally.next(answers.length);
  }
}

/** K4 and K10: malformed requests get one 400 each; requests that are merged, or split into pieces, one answer each. */
async function sendOddly(client: Peer, tally: Tally): Promise<void> {
  for (const [value, id] of MALFORMED) {
    send(client, message(value));
    expect((await tally.next(1)).map(({ request_id, code }) => [request_id, code])).toEqual([[id, 400]]);
  }
  const ids = [1700000000.1234567, 3, -4.25, 1e-7];
  const all = Buffer.concat(ids.map((id) => message({ id, ...ABOUT_HELLO })));
  send(client, all);
  for (let at = 0; at < all.length; at += 17) send(client, all.subarray(at, at + 17));
  const found = (await tally.next(2 * ids.length)).map(({ request_id }) => request_id);
  expect(found.sort()).toEqual([...ids, ...ids].sort());
}

/** K6, K8 and K10: concurrent requests and uploads over several packets, each answer complete and under its own id. */
async function load(client: Peer, tally: Tally, sizes: readonly number[]): Promise<void> {
  const count = 5 * sizes.length;
  for (let id = 0; id < count; id++) {
    send(client, message({ id, verb: "GET", resource: "/large", body: { size: sizes[id % sizes.length] } }));
  }
  const uploaded = { text: digits(55_000) };
  const uploads = 5;
  for (let id = count; id < count + uploads; id++) {
    send(client, message({ id, verb: "STORE", resource: "/echo", body: uploaded }));
  }
  const answers = await tally.next(count + uploads);
  expect(new Set(answers.map(({ request_id }) => request_id)).size).toBe(count + uploads);
  for (const { request_id, code, body } of answers) {
    const expected = request_id < count ? digits(sizes[request_id % sizes.length] as number) : uploaded;
    expect([code, JSON.stringify(body) === JSON.stringify(expected)]).toEqual([200, true]);
  }
}

describe("with a rekey each second of both sides, under load", () => {
  for (const [packet, sizes] of PACKETS) {
    itWithAsyncssh(
      `a korv client with packets of ${packet} bytes gets every response at our server, K1 to K11`,
      async () => {
        const { connect, open, directory, log } = await startServer({ rekeyInterval: REKEY * 1000 });
        const client = await open(WINDOW, packet, REKEY);
        const tally = new Tally(client);
        const rekeys = () => log.with("new keys").length;
        while (rekeys() < REKEYS) {
          await load(client, tally, sizes);
          await callEach(client, tally);
          await sendOddly(client, tally);
        }
        // K9
        expect(await connect(makeKey(directory, "mallory").file).event("failed")).toMatchObject({
          error: /Permission denied/,
        });
        expect(await call(client, "blocking", "GET", "/hello")).toEqual([200, { msg: "Hello World!" }]);
        await tally.next(1);
        expect(client.all("message")).toHaveLength(tally.total);
        expect([...client.all("unreadable"), ...client.all("closed"), ...client.all("gone")]).toEqual([]);
      },
      TIMEOUT,
    );

    itWithAsyncssh(
      `our client gets every response of a korv server with packets of ${packet} bytes`,
      async () => {
        const { server, connect, requests } = await startKorvServer(packet, REKEY);
        await using client = await connect();
        let calls = 0;
        const done = <T>(promise: Promise<T>): Promise<T> => {
          calls += 1;
          return promise;
        };
        while (server.all("keys").length < 1 + REKEYS) {
          const names = Array.from({ length: 50 }, (_, at) => `caller ${at}`);
          const hex = digits(55_000);
          const [greetings, large, echoed] = await Promise.all([
            Promise.all(names.map((name) => done(client.hello.get({ name })))),
            Promise.all([1, 2, 3].map((seed) => done(client.large.get({ seed, size: 400_000 })))),
            Promise.all([1, 2, 3].map(() => done(client.echo.update({ hex })))),
          ]);
          expect(greetings).toEqual(names.map((name) => ({ msg: `Hello ${name}!` })));
          for (const answer of large) expect((answer as { hex: string }).hex).toHaveLength(400_000);
          for (const answer of echoed) expect((answer as { body: object }).body).toEqual({ hex });
          expect(await done(client.notes.delete({ id: 2 }))).toBeNull();
          expect(await done(client.nan.get())).toEqual({ number: null, text: "NaN" });
          expect(await done(client.conflict.get.safe())).toMatchObject({ error: { status: "CONFLICT" } });
          expect(await done(client.nowhere.get.safe())).toMatchObject({ error: { status: "NOT_FOUND" } });
        }
        expect(requests()).toHaveLength(calls);
        expect(server.all("lost")).toEqual([]);
        expect(server.all("channel")).toHaveLength(1);
      },
      TIMEOUT,
    );
  }
});
