import { memoryTransport } from "sshrpc/testing";
import { describe, expect, test } from "vitest";
import { FRAME, PREAMBLE, RawPeer, type ReceivedFrame } from "../../../support/raw-peer.js";
import { connectDrifting, drifting } from "../support/drifting.js";
import { until } from "../support/wait.js";

const CLIENT = drifting({ "GET /same": {} }, { version: "1.0.0", hash: "aaaaaaaaaaaaaaaa" });
const REMOTE = { name: "drifting", version: "2.0.0", hash: "bbbbbbbbbbbbbbbb" };
const POLICIES = ["warn", "refuse", "ignore"] as const;

/** A server that says it can compare, and reacts to each call as a test says. */
function hostile(react: (peer: RawPeer, open: ReceivedFrame) => void, api: object = REMOTE) {
  const peers: RawPeer[] = [];
  const transport = memoryTransport((duplex) => {
    const body = JSON.stringify({
      ...{ api, methods: [], builtIn: ["GET /sshrpc/methods"] },
      limits: { message: 1 << 20, calls: 64 },
    });
    const peer = new RawPeer(duplex).bytes(PREAMBLE).send({ kind: FRAME.HELLO, id: 0, body });
    peers.push(peer);
    let seen = 0;
    duplex.on("data", () => {
      const opens = peer.frames.filter(({ kind }) => kind === FRAME.OPEN);
      for (const open of opens.slice(seen)) react(peer, open);
      seen = opens.length;
    });
  });
  return { transport, peers };
}

/** Answers the calls of the client, and the comparison with this body. */
function answering(body: string, code = 200, api: object = REMOTE) {
  return hostile((peer, { id, payload }) => {
    const isComparison = payload.readUInt16BE(0) > 0;
    peer.send({ kind: FRAME.STATUS, id, code: isComparison ? code : 200, body: isComparison ? body : '"same"' });
  }, api);
}

const NAMES = { name: "drifting", version: "2.0.0", hash: "bbbb" };

describe.each<[what: string, body: string, code?: number]>([
  ["a number", "7"],
  ["a list", "[]"],
  ["invalid JSON", "{"],
  ["hashes that are numbers", JSON.stringify({ ...NAMES, methods: { "GET /same": 7 }, hidden: [] })],
  ["a list of hashes", JSON.stringify({ ...NAMES, methods: ["GET /same"], hidden: [] })],
  ["no hidden methods", JSON.stringify({ ...NAMES, methods: {} })],
  ["a failure", '{"message":"no"}', 500],
])("a server that answers the comparison with %s", (_what, body, code = 200) => {
  test.each(POLICIES)("is not compared; policy %s", async (contractDrift) => {
    const { transport } = answering(body, code);
    const { client, drifts, call, fails } = await connectDrifting(CLIENT, transport, { contractDrift });
    if (contractDrift === "refuse")
      expect(await fails("GET /same")).toMatchObject({
        status: "UNIMPLEMENTED",
        message: expect.stringMatching(/cannot be compared/),
      });
    else expect(await call("GET /same")).toBe("same");
    if (contractDrift === "ignore") expect(drifts).toEqual([]);
    else {
      await until("the report", () => drifts.length > 0);
      expect(drifts).toMatchObject([{ compared: false, different: [], missing: [], hidden: [] }]);
    }
    await client.close();
  });
});

test("a server that names methods which the client does not call changes nothing", async () => {
  const many = Array.from({ length: 1_000 }, (_, index) => `GET /m${index}`);
  const methods = Object.fromEntries(["constructor", ...many].map((id) => [id, "x"]));
  const { transport } = answering(JSON.stringify({ ...NAMES, methods, hidden: many }));
  const { client, drifts } = await connectDrifting(CLIENT, transport, { contractDrift: "refuse" });
  expect(drifts).toMatchObject([{ compared: true, different: [], missing: ["GET /same"], hidden: [] }]);
  await client.close();
});

describe("a server that never answers the comparison", () => {
  const silent = () =>
    hostile((peer, { id, payload }) => {
      if (payload.readUInt16BE(0) === 0) peer.send({ kind: FRAME.STATUS, id, code: 200, body: '"same"' });
    });

  test("delays no call with warn, and no close", async () => {
    const { client, call, drifts } = await connectDrifting(CLIENT, silent().transport);
    expect(await call("GET /same")).toBe("same");
    await client.close();
    expect(drifts).toEqual([]);
  });

  test("with refuse, the signal ends the attempt to connect", async () => {
    const { transport, peers } = silent();
    const controller = new AbortController();
    const connecting = connectDrifting(CLIENT, transport, { contractDrift: "refuse", signal: controller.signal });
    await until("the comparison", () => peers[0]?.frames.some(({ kind }) => kind === FRAME.OPEN) === true);
    controller.abort();
    await expect(connecting).rejects.toMatchObject({ status: "CANCELLED" });
    await peers[0]?.closed;
  });
});

test.each(["warn", "refuse"] as const)(
  "a server that disconnects during the comparison has shown nothing; policy %s",
  async (contractDrift) => {
    const { transport } = hostile((peer) => void peer.duplex.destroy());
    const options = { contractDrift, reconnect: false } as const;
    const connected = await connectDrifting(CLIENT, transport, options).catch((error: unknown) => error);
    if (contractDrift === "refuse") expect(connected).toMatchObject({ status: "UNAVAILABLE" });
    else {
      const { client, drifts } = connected as Awaited<ReturnType<typeof connectDrifting>>;
      await until("the loss", () => client.state === "closed");
      expect(drifts).toEqual([]);
      await client.close();
    }
  },
);

test("the names of the other side are escaped and cut in log lines and messages", async () => {
  const api = {
    name: `\u001b[31m\n${"n".repeat(20_000)}`,
    version: "v".repeat(20_000),
    hash: "\n\u001b]".repeat(20_000),
  };
  const { transport } = answering("{", 200, api);
  const { client, log, fails } = await connectDrifting(CLIENT, transport, { contractDrift: "refuse" });
  const { message } = await fails("GET /same");
  for (const text of [message, JSON.stringify(log.lines[0]?.fields["server"])]) {
    expect(text).not.toMatch(/\p{Cc}/u);
    expect(text.length).toBeLessThan(600);
  }
  await client.close();
});

test.each(POLICIES)(
  "where the hashes are equal, the only frames are those of calls; policy %s",
  async (contractDrift) => {
    const { transport, peers } = answering("{", 200, { ...REMOTE, hash: CLIENT.hash });
    const { client, call } = await connectDrifting(CLIENT, transport, { contractDrift });
    expect(await call("GET /same")).toBe("same");
    expect(peers[0]?.frames.map(({ kind }) => kind)).toEqual([FRAME.HELLO, FRAME.OPEN]);
    await client.close();
  },
);
