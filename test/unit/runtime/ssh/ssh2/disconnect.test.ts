import { once } from "node:events";
import ssh2 from "ssh2";
import { expect, onTestFinished, test } from "vitest";
import { within } from "../../support/wait.js";
import { type BenchOptions, startBench } from "../support.js";

interface Handlers {
  DISCONNECT: (self: unknown, code: number, text: string) => void;
}

/** Connects with a password; resolves with the text of DISCONNECT. */
async function connect(options: BenchOptions, password: string) {
  const bench = await startBench({
    verifyPassword: ({ password: given }) => (given === "right" ? { scopes: [] } : undefined),
    authFailureDelay: 1,
    ...options,
  });
  const client = new ssh2.Client();
  onTestFinished(() => void client.destroy());
  client.on("error", () => {});
  const ready = once(client, "ready");
  ready.catch(() => {});
  client.connect({ host: "127.0.0.1", port: bench.listener.port, username: "alice", password });
  const { _handlers } = (client as unknown as { _protocol: { _handlers: Handlers } })._protocol;
  const text = new Promise<string>((resolve) => {
    _handlers.DISCONNECT = (_, _code, description) => resolve(description);
  });
  return { bench, ready, text };
}

test("a server that closes says so to its clients", async () => {
  const { bench, ready, text } = await connect({}, "right");
  await ready;
  await bench.listener.close();
  expect(await within("the text", text)).toBe("the server is closing");
});

test("a client that fails to authenticate too often learns how often it failed", async () => {
  const { text } = await connect({ maxAuthTries: 1 }, "wrong");
  expect(await within("the text", text)).toBe("1 failed authentication attempts");
});
