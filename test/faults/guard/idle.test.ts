import { type Client, connectApi } from "sshrpc/generated";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { apiOf, handlersOf, method } from "../../unit/runtime/support/server.js";
import { until } from "../../unit/runtime/support/wait.js";

const STORE = method("STORE /it", { idempotent: false });

interface ItClient extends Client {
  readonly it: { store(request: unknown): Promise<unknown> };
}

/** A server that ends unused connections after 200 ms, and a client with the default options. */
async function start() {
  const [keys, host] = [generateKeyPair(), generateKeyPair()];
  const stored: unknown[] = [];
  const logins = { count: 0 };
  const handler = async (request: unknown): Promise<null> => {
    stored.push(request);
    return null;
  };
  const server = await serveHandlers(handlersOf([STORE], { [STORE.id]: handler as never }), {
    ...{ port: 0, log: false, idleTimeout: 200 },
    hostKeys: { privateKey: host.privateKey },
    authorizedKeys: { lines: [keys.publicKey] },
    observer: {
      authenticated: () => {
        logins.count += 1;
      },
    },
  });
  onTestFinished(() => server.close());
  const client = await connectApi<ItClient>(apiOf(STORE), `ssh://alice@127.0.0.1:${server.port}`, {
    identity: { privateKey: keys.privateKey },
    hostKey: server.fingerprints[0] as string,
  });
  onTestFinished(() => client.close());
  return { client, stored, logins };
}

test("an unused connection is drained, and a STORE at that moment runs once", async () => {
  const { client, stored, logins } = await start();
  const calls: Promise<unknown>[] = [];
  const onState = (): void => {
    for (let count = 0; count < 3; count++) calls.push(client.it.store(calls.length));
  };
  const stop = client.on("state", onState);
  await until("five connections", () => logins.count >= 5);
  stop();
  await Promise.all(calls);
  expect(calls.length).toBeGreaterThan(0);
  expect([...stored].sort((one, other) => Number(one) - Number(other))).toEqual(calls.map((_, index) => index));
});
