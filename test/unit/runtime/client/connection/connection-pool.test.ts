import { RpcError } from "sshrpc/client";
import { connectApi } from "sshrpc/generated";
import { afterEach, describe, expect, test } from "vitest";
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

/** Connects, and waits until every host that is up is connected. */
async function connectedToAll(hosts: readonly Host[], options: Parameters<typeof connectTo>[1] = {}) {
  const client = await connected(hosts, options);
  await until("all connections", () =>
    hosts.every(({ down, server }) => down !== undefined || server.clients.length > 0),
  );
  // The client has also processed the last connection.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  return client;
}

afterEach(async () => {
  await within("the clients' ends", Promise.all(clients.splice(0).map((client) => client.close())));
});

describe("a client of several hosts", () => {
  test("connects when the first host is ready, and to the others later", async () => {
    const [down, up] = [new Host(), new Host()];
    down.down = DOWN;
    const client = await connected([down, up]);
    expect(await client.it.get(1)).toBe(1);
    down.down = undefined;
    await until("the other host", () => down.duplexes.length === 1);
    while (down.requests.length === 0) await client.it.get(2);
  });

  test("fails to connect with the errors of all hosts", async () => {
    const hosts = [new Host(), new Host()];
    for (const host of hosts) host.down = DOWN;
    (hosts[1] as Host).down = REFUSED;
    expect(await failure(connectTo(hosts))).toMatchObject({
      status: "UNAVAILABLE",
      message: "all hosts failed: the host is down; the key is refused",
    });
    (hosts[0] as Host).down = REFUSED;
    expect(await failure(connectTo(hosts))).toMatchObject({ status: "UNAUTHENTICATED" });
  });

  test("distributes consecutive calls round robin", async () => {
    const hosts = [new Host(), new Host(), new Host()];
    const client = await connectedToAll(hosts);
    for (let call = 0; call < 30; call++) await client.it.get(call);
    expect(hosts.map(({ requests }) => requests.length)).toEqual([10, 10, 10]);
  });

  test("sends a call to the connection with the fewest running calls", async () => {
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

  test("keeps calling without a wait while one host is connected", async () => {
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

  test("retries an idempotent call that one host had started at another", async () => {
    const hangs = new Host(() => new Promise(() => undefined));
    const works = new Host();
    const client = await connectedToAll([hangs, works]);
    const calls = [client.it.get(1), client.it.get(2)];
    await until("a call at each", () => hangs.requests.length === 1 && works.requests.length === 1);
    hangs.kill(DOWN);
    expect(await within("the answers", Promise.all(calls))).toEqual([1, 2]);
  });

  test("stops connecting only to the host that rejects its key", async () => {
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

test("an empty list of hosts is refused, and so are invalid delays and retries", async () => {
  const host = new Host();
  expect(await failure(connectApi(apiOf(), []))).toMatchObject({ message: expect.stringContaining("no host") });
  for (const [options, message] of [
    [{ reconnect: { minDelay: 0 } }, "option reconnect.minDelay: 0 is not a number from 1 to 2147483647"],
    [{ reconnect: { minDelay: 500, maxDelay: 100 } }, "option reconnect.maxDelay: 100 is not a number from 500"],
    [{ reconnect: { jitter: 1.5 } }, "option reconnect.jitter: 1.5 is not a number from 0 to 1"],
    [{ reconnect: { jitter: Number.NaN } }, "option reconnect.jitter: NaN is not a number from 0 to 1"],
    [{ retries: -1 }, "option retries: -1 is not an integer from 0"],
    [{ retries: 0.5 }, "option retries: 0.5 is not an integer from 0"],
  ] as const) {
    expect(await failure(connectTo(host, options))).toMatchObject({ message: expect.stringContaining(message) });
  }
  expect(host.attempts).toBe(0);
});
