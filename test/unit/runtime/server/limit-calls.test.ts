import { type Context, limitCalls } from "sshrpc/server";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { FRAME, RawPeer } from "../../../support/raw-peer.js";
import { ALICE, type AnyHandler, any, type RawServed, serveRaw } from "../support/server.js";
import { until, within } from "../support/wait.js";

let served: RawServed | undefined;

afterEach(async () => {
  served?.peer.duplex.destroy();
  await within("the server's end", served?.server.close() ?? Promise.resolve());
});

async function serve(handler: AnyHandler, method: object, interceptors = [limitCalls({ perPeer: 2 })]) {
  served = await serveRaw(handler, { interceptors, method, peer: ALICE });
  served.peer.hello(["GET /it"]);
  return served;
}

const waiting: AnyHandler = (_, { signal }: Context) =>
  new Promise((resolve) => signal.addEventListener("abort", resolve));

test("a peer at its limit is refused until one of its calls ends", async () => {
  const { peer, server } = await serve(waiting, {});
  peer.open(1).open(3).open(5);
  expect(await peer.status()).toMatchObject({
    id: 5,
    code: 429,
    body: { message: "more than 2 concurrent calls of this peer (limitCalls.perPeer)" },
  });
  peer.send({ kind: FRAME.CANCEL, id: 1 });
  expect(await peer.status()).toMatchObject({ id: 1, code: 499 });
  await until("room", () => server.calls === 1);
  peer.open(1).send({ kind: FRAME.CANCEL, id: 1 });
  expect(await peer.status()).toMatchObject({ id: 1, code: 499 });
});

test("a stream counts until it ends, however it ends", async () => {
  const { peer, server } = await serve(
    function* () {
      for (;;) yield 1;
    },
    { kind: "server-streaming", responseItem: any },
  );
  for (let round = 0; round < 50; round++) {
    const credit = round % 3;
    peer.send({ kind: FRAME.OPEN, id: 1, method: 0, credit }, { kind: FRAME.CANCEL, id: 1 });
    expect(await peer.status()).toMatchObject({ code: 499 });
    await until("its end", () => server.calls === 0);
  }
});

test("another key has its own count", async () => {
  const { peer } = await serve(waiting, {}, [limitCalls({ perPeer: 1, peerKey: () => `${Math.random()}` })]);
  peer.open(1).open(3).send({ kind: FRAME.CANCEL, id: 3 });
  expect(await peer.status()).toMatchObject({ id: 3, code: 499 });
});

test("a user name that equals a fingerprint does not share the count of that key", async () => {
  const fingerprint = "SHA256:abc";
  served = await serveRaw(waiting, { interceptors: [limitCalls({ perPeer: 1 })], peer: { user: fingerprint } });
  const { peer, server } = served;
  const other = new RawPeer(await server.as({ user: "bob", fingerprint }).open());
  onTestFinished(() => void other.duplex.destroy());
  other.hello(["GET /it"]).open(1);
  await until("the other's call", () => server.calls === 1);
  peer.hello(["GET /it"]).open(1);
  await until("both calls", () => server.calls === 2);
  peer.send({ kind: FRAME.CANCEL, id: 1 });
  expect(await peer.status()).toMatchObject({ id: 1, code: 499 });
});

test.each([
  [Number.NaN, "NaN is not"],
  [-1, "-1 is not"],
  [undefined as unknown as number, "invalid type undefined; it takes"],
])("refuses a limit of %s", (perPeer, problem) => {
  expect(() => limitCalls({ perPeer })).toThrow(`option limitCalls.perPeer: ${problem} an integer from 0`);
});
