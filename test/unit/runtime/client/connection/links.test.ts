import { afterEach, describe, expect, test } from "vitest";
import { openClient } from "../../../../../runtime/src/client/client.js";
import { RpcError } from "../../../../../runtime/src/contract/rpc-error.js";
import { connectTo, DOWN, gate, Host, type HostClient } from "../../support/host.js";
import { apiOf } from "../../support/server.js";
import { failure, until, within } from "../../support/wait.js";

const REFUSED = new RpcError("UNAUTHENTICATED", "the key is refused");
const clients: HostClient[] = [];

async function connected(...args: Parameters<typeof connectTo>): Promise<HostClient> {
  const client = await connectTo(...args);
  clients.push(client);
  return client;
}

/** Connects, and waits until every host that is up has its connection. */
async function connectedToAll(hosts: readonly Host[], options: Parameters<typeof connectTo>[1] = {}) {
  const client = await connected(hosts, options);
  await until("all connections", () =>
    hosts.every(({ down, server }) => down !== undefined || server.clients.length > 0),
  );
  // The client has heard of the last of them, too.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  return client;
}

afterEach(async () => {
  await within("the clients' ends", Promise.all(clients.splice(0).map((client) => client.close())));
});

describe("with several hosts", () => {
  test("one that is ready is enough to connect; the others follow", async () => {
    const [down, up] = [new Host(), new Host()];
    down.down = DOWN;
    const client = await connected([down, up]);
    expect(await client.it.get(1)).toBe(1);
    down.down = undefined;
    await until("the other host", () => down.duplexes.length === 1);
    while (down.requests.length === 0) await client.it.get(2);
  });

  test("connect fails where none can be reached, and says why for each", async () => {
    const hosts = [new Host(), new Host()];
    for (const host of hosts) host.down = DOWN;
    (hosts[1] as Host).down = REFUSED;
    expect(await failure(connectTo(hosts))).toMatchObject({
      status: "UNAVAILABLE",
      message: "no host can be reached: the host is down; the key is refused",
    });
    (hosts[0] as Host).down = REFUSED;
    expect(await failure(connectTo(hosts))).toMatchObject({ status: "UNAUTHENTICATED" });
  });

  test("calls one after the other take turns", async () => {
    const hosts = [new Host(), new Host(), new Host()];
    const client = await connectedToAll(hosts);
    for (let call = 0; call < 30; call++) await client.it.get(call);
    expect(hosts.map(({ requests }) => requests.length)).toEqual([10, 10, 10]);
  });

  test("a call goes where the fewest are open", async () => {
    const { opened, open } = gate();
    const [slow, fast] = [new Host(() => opened), new Host()];
    const client = await connectedToAll([slow, fast]);
    const calls: Promise<unknown>[] = [];
    for (let call = 0; call < 20; call++) {
      const hanging = slow.requests.length;
      let isDone = false;
      const made = client.it.get(call).finally(() => {
        isDone = true;
      });
      calls.push(made);
      await until("an answer, or a call that hangs", () => isDone || slow.requests.length > hanging);
    }
    expect(slow.requests).toHaveLength(1);
    expect(fast.requests).toHaveLength(19);
    open();
    await within("the answers", Promise.all(calls));
  });

  test("calls go on while one of them is there, and nobody waits", async () => {
    const hosts = [new Host(), new Host()];
    const client = await connectedToAll(hosts);
    hosts[0]?.kill(DOWN);
    await until("another attempt", () => (hosts[0]?.attempts ?? 0) > 1);
    expect(client.state).toBe("ready");
    for (let call = 0; call < 10; call++) expect(await client.it.store(call)).toBe(call);
    hosts[1]?.kill(DOWN);
    await until("the loss of both", () => client.state === "connecting");
    for (const host of hosts) host.down = undefined;
    expect(await within("a call", client.it.store("back"))).toBe("back");
  });

  test("what one host had begun is sent to another where its method is idempotent", async () => {
    const hangs = new Host(() => new Promise(() => undefined));
    const works = new Host();
    const client = await connectedToAll([hangs, works]);
    const calls = [client.it.get(1), client.it.get(2)];
    await until("a call at each", () => hangs.requests.length === 1 && works.requests.length === 1);
    hangs.kill(DOWN);
    expect(await within("the answers", Promise.all(calls))).toEqual([1, 2]);
  });

  test("a key that one of them refuses stops only the attempts there", async () => {
    const [refuses, works] = [new Host(), new Host()];
    refuses.down = REFUSED;
    const client = await connected([refuses, works]);
    works.kill(DOWN);
    await until("the loss", () => client.state === "connecting");
    const waiting = client.it.get("waits");
    works.down = undefined;
    expect(await within("the call", waiting)).toBe("waits");
  });
});

test("a list of no hosts is refused, as are waits and retries that make no sense", async () => {
  const host = new Host();
  expect(await failure(openClient(apiOf(), []))).toMatchObject({ message: expect.stringContaining("no host") });
  for (const [options, message] of [
    [{ reconnect: { minDelay: 0 } }, "reconnect.minDelay is 0"],
    [{ reconnect: { minDelay: 500, maxDelay: 100 } }, "reconnect.maxDelay is 100; it must be a number from 500"],
    [{ reconnect: { jitter: 1.5 } }, "reconnect.jitter is 1.5"],
    [{ reconnect: { jitter: Number.NaN } }, "reconnect.jitter is NaN"],
    [{ retries: -1 }, "retries is -1"],
    [{ retries: 0.5 }, "retries is 0.5"],
  ] as const) {
    expect(await failure(connectTo(host, options))).toMatchObject({ message: expect.stringContaining(message) });
  }
  expect(host.attempts).toBe(0);
});
