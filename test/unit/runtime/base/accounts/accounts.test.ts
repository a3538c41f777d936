import { describe, expect, test } from "vitest";
import { identityOf } from "../../../../../runtime/src/base/accounts/identity.js";
import { type AccountsConfig, ServerAccount } from "../../../../../runtime/src/base/accounts/server-account.js";
import { joinTurns, Turn } from "../../../../../runtime/src/base/accounts/turns.js";
import type { Peer } from "../../../../../runtime/src/base/peer.js";

const peerOf = (key: number | string): Peer => ({ user: "alice", fingerprint: `SHA256:${key}`, scopes: [] });

function accounts(config: Partial<AccountsConfig>): ServerAccount {
  return new ServerAccount({ server: {}, key: {}, connection: {}, ...config });
}

/** Takes one by one until the account grants no more, and returns how many it has granted. */
function takeAll(server: ServerAccount, peer: Peer): number {
  const account = server.of(peer);
  let count = 0;
  while (count < 1_000_000 && account.take("bytes", 1) === undefined) count++;
  return count;
}

test("a key that connects again goes on with its turns, also when many other keys have come", () => {
  const server = accounts({});
  const { turn } = server.of(peerOf("busy")).key;
  const leave = joinTurns(peerOf("busy"), turn);
  turn.begin();
  turn.charge(50, performance.now());
  leave();
  for (let key = 0; key < 1000; key++) server.of(peerOf(key));
  expect(server.of(peerOf("busy")).key.turn).toBe(turn);
  expect(turn.recent).toBeGreaterThan(0);
});

test("small items of a stream do not pause one by one while another stream of the key waits, and 4 KiB of them do", async () => {
  const turn = new Turn();
  let hasContinued = false;
  turn.wait(() => {
    hasContinued = true;
  });
  let items = 0;
  let pause: Promise<void> | undefined;
  while (pause === undefined && items < 1000) {
    pause = turn.pass(10);
    items += 1;
  }
  expect(items).toBeGreaterThan(4);
  expect(items).toBeLessThanOrEqual(20);
  await pause;
  expect(hasContinued).toBe(true);
});

test("steps that wait again go on in the same turn of the event loop, until the 4 ms of their key are over", async () => {
  const turn = new Turn();
  let steps = 0;
  let stepsOfFirstTurn = 0;
  await new Promise<void>((resolve) => {
    const step = (): void => {
      steps += 1;
      if (stepsOfFirstTurn > 0) resolve();
      else turn.wait(step);
    };
    turn.wait(step);
    setImmediate(() =>
      setImmediate(() => {
        stepsOfFirstTurn = steps;
      }),
    );
  });
  expect(stepsOfFirstTurn).toBeGreaterThan(10);
});

describe("the bytes of several keys", () => {
  test("are all those of the server for a single key", () => {
    const server = accounts({ server: { bytes: 1000 } });
    expect(takeAll(server, peerOf(1))).toBe(1000);
    expect(server.held("bytes")).toBe(1000);
  });

  test("are granted to a key that holds less than its share, although another key holds all", () => {
    const server = accounts({ server: { bytes: 3600 } });
    expect([1, 2, 3, 4, 5, 6].map((key) => takeAll(server, peerOf(key)))).toEqual([3600, 900, 400, 225, 144, 100]);
  });

  test("stay below 1.65 times the limit for any number of keys, in any order", () => {
    const server = accounts({ server: { bytes: 100_000 } });
    const held = new Map<Peer, number>();
    const peers = Array.from({ length: 300 }, (_, key) => peerOf(key));
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let step = 0; step < 30_000; step++) {
      const peer = peers[random(peers.length)] as Peer;
      const has = held.get(peer) ?? 0;
      if (has > 0 && random(3) === 0) {
        const back = random(2) === 0 ? has : 1 + random(has);
        server.of(peer).give("bytes", back);
        held.set(peer, has - back);
      } else {
        const amount = 1 + random(30_000);
        if (server.of(peer).take("bytes", amount) === undefined) held.set(peer, has + amount);
      }
      expect(server.held("bytes")).toBeLessThan(165_000);
    }
    for (const [peer, amount] of held) server.of(peer).give("bytes", amount);
    expect(server.held("bytes")).toBe(0);
    expect(takeAll(server, peerOf("last"))).toBe(100_000);
  });

  test("take nothing where one level refuses", () => {
    const server = accounts({ server: { bytes: 10 }, key: { bytes: 8, calls: 2 }, connection: { bytes: 5 } });
    const [one, other] = [{ ...peerOf(1) }, { ...peerOf(1) }].map((peer) => server.of(peer));
    expect(one?.take("bytes", 6)).toMatchObject({ level: "connection", limit: 5, amount: 6, retryAfter: Infinity });
    expect(one?.take("bytes", 5)).toBeUndefined();
    expect(other?.take("bytes", 4)).toMatchObject({ level: "key", limit: 8, retryAfter: 1000 });
    expect(other?.take("bytes", 3)).toBeUndefined();
    expect(server.of(peerOf(2)).take("bytes", 5)).toMatchObject({ level: "server", limit: 10 });
    expect(server.held("bytes")).toBe(8);
    expect(other?.take("bytes", 1)).toMatchObject({ level: "key", limit: 8 });
    expect(other?.take("calls", 3)).toMatchObject({ resource: "calls", level: "key" });
    expect([server.held("bytes"), server.held("calls")]).toEqual([8, 0]);
  });
});

describe("the rate of a key", () => {
  test("allows as many calls as in a second, then tells when to try again, and a new connection does not renew it", () => {
    const server = accounts({ key: { rate: 5 } });
    const account = server.of({ ...peerOf(1) });
    for (let count = 0; count < 5; count++) {
      expect(account.beginCall()).toBeUndefined();
      account.endCall();
    }
    const excess = account.beginCall();
    expect(excess).toMatchObject({ resource: "rate", level: "key", limit: 5 });
    expect(excess?.retryAfter).toBeGreaterThan(0);
    expect(excess?.retryAfter).toBeLessThanOrEqual(200);
    expect(server.held("calls")).toBe(0);
    // As many keys as make the server forget those that hold nothing.
    for (let key = 100; key < 300; key++) server.of(peerOf(key));
    expect(server.of({ ...peerOf(1) }).beginCall()).toMatchObject({ resource: "rate" });
  });
});

describe("the connections of a server", () => {
  function opener(server: ServerAccount) {
    const evicted: string[] = [];
    const open = (key: number, name: string) => {
      const peer = { ...peerOf(key) };
      const unused = { end: () => undefined, traffic: () => ({ bytesIn: 0, bytesOut: 0 }) };
      const place = server.open({ peer, limits: undefined, evict: () => void evicted.push(name), ...unused });
      return { peer, place };
    };
    return { open, evicted };
  }

  test("have a place for another key when one key has all: it loses its newest one without calls", () => {
    const server = accounts({ server: { connections: 4 } });
    const { open, evicted } = opener(server);
    const all = ["a", "b", "c", "d"].map((name) => open(1, name));
    expect(open(1, "e").place).toMatchObject({ resource: "connections", level: "server", limit: 4 });
    server.of((all[3] as (typeof all)[3]).peer).take("calls", 1);
    expect(open(2, "f").place).toBeTypeOf("function");
    expect(evicted).toEqual(["c"]);
    expect(open(2, "g").place).toBeTypeOf("function");
    expect(evicted).toEqual(["c", "b"]);
    expect(open(2, "h").place).toMatchObject({ level: "server" });
    expect(open(1, "i").place).toMatchObject({ level: "server" });
    expect(server.held("connections")).toBe(4);
  });

  test("are limited per key, and a place that is given back twice counts once", () => {
    const server = accounts({ key: { connections: 1 } });
    const { open } = opener(server);
    const { place } = open(1, "a");
    expect(open(1, "b").place).toMatchObject({ level: "key", limit: 1 });
    expect(open(2, "c").place).toBeTypeOf("function");
    if (typeof place === "function") [place, place].forEach((close) => void close());
    expect(server.held("connections")).toBe(1);
    expect(open(1, "d").place).toBeTypeOf("function");
  });
});

describe("the identity of a peer", () => {
  const certificate = {
    ...{ keyId: "laptop", serial: "1", principals: ["alice"], authority: "SHA256:ca", extensions: new Map() },
  };

  test("is the same for logins that prove the same", () => {
    const same: readonly [Peer, Peer][] = [
      [peerOf(1), { ...peerOf(1), user: "bob", address: "192.0.2.1:5" }],
      [
        { ...peerOf(1), certificate },
        { ...peerOf(2), certificate: { ...certificate, serial: "2" } },
      ],
      [
        { user: "a", scopes: [], authMethods: ["password"], address: "192.0.2.1:5" },
        { user: "a", scopes: [], authMethods: ["keyboard-interactive"], address: "192.0.2.2:5" },
      ],
      [
        { user: "a", scopes: [], authMethods: ["none"], address: "192.0.2.1:5" },
        { user: "b", scopes: [], authMethods: ["none"], address: "192.0.2.1:6" },
      ],
      [
        { user: "a", scopes: [], authMethods: ["none"], address: "[2001:db8::1]:5" },
        { user: "a", scopes: [], authMethods: ["none"], address: "[2001:db8::2]:5" },
      ],
      [
        { user: "a", scopes: [] },
        { user: "b", scopes: [] },
      ],
    ];
    for (const [one, other] of same) expect(identityOf(one)).toBe(identityOf(other));
  });

  test("differs for logins that prove something else", () => {
    const peers: readonly Peer[] = [
      peerOf(1),
      peerOf(2),
      { ...peerOf(1), certificate },
      { ...peerOf(1), certificate: { ...certificate, keyId: "phone" } },
      { ...peerOf(1), certificate: { ...certificate, authority: "SHA256:other" } },
      { ...peerOf(1), certificate: { ...certificate, keyId: "" } },
      { user: "a", scopes: [], authMethods: ["password"], address: "192.0.2.1:5" },
      { user: "b", scopes: [], authMethods: ["password"], address: "192.0.2.1:5" },
      { user: "a", scopes: [], authMethods: ["none"], address: "192.0.2.1:5" },
      { user: "a", scopes: [], authMethods: ["none"], address: "192.0.2.2:5" },
      { user: "a", scopes: [], authMethods: ["none"], address: "[2001:db8:0:1::1]:5" },
      { user: "a", scopes: [] },
    ];
    expect(new Set(peers.map(identityOf)).size).toBe(peers.length);
  });
});
