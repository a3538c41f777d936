import { once } from "node:events";
import type ssh2 from "ssh2";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { any, handlersOf, method } from "../../unit/runtime/support/server.js";
import { until, within } from "../../unit/runtime/support/wait.js";
import { type Attacker, connectTo } from "./support.js";

// Data that a client sends on a channel whose handler does not read it.

async function start(bytes: number) {
  const [host, mallory] = [generateKeyPair(), generateKeyPair()];
  let read = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    read = resolve;
  });
  let running = 0;
  const upload = method("STORE /it", { kind: "client-streaming", requestItem: "bytes" });
  const handlers = {
    "STORE /it": async (_request: unknown, items: AsyncIterable<Uint8Array>) => {
      running += 1;
      await gate;
      let size = 0;
      for await (const item of items) size += item.length;
      return size;
    },
    "GET /it": () => "hello",
  };
  const server = await serveHandlers(
    handlersOf([upload, method("GET /it", { response: any })], handlers as unknown as Parameters<typeof handlersOf>[1]),
    {
      port: 0,
      hostKeys: { privateKey: host.privateKey },
      authorizedKeys: { lines: [mallory.publicKey] },
      log: false,
      limits: { bytes },
    },
  );
  onTestFinished(() => server.close());
  return {
    attack: () => connectTo(server.port, "ready", { privateKey: mallory.privateKey }),
    read,
    running: () => running,
  };
}

const exec = ({ client }: Attacker, command: string): Promise<ssh2.ClientChannel> =>
  new Promise((resolve, reject) =>
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel))),
  );

/** What a command prints. */
async function output(channel: ssh2.ClientChannel): Promise<string> {
  let text = "";
  for await (const chunk of channel) text += chunk;
  return text;
}

for (const size of [1, 32_000]) {
  test(`input that is not read ends its channel where the account is full, and no other: packets of ${size}`, async () => {
    const { attack, running } = await start(1_000_000);
    const attacker = await attack();
    const channel = await exec(attacker, "STORE /it a=1");
    await until("the handler", () => running() === 1);
    const closed = once(channel.resume(), "close");
    const packet = Buffer.alloc(size);
    // What the handler may have in its window, and the buffer before it.
    channel.write(Buffer.alloc(700_000));
    const { protocol } = attacker;
    const { id } = (channel as unknown as { outgoing: { id: number } }).outgoing;
    const count = size === 1 ? 8000 : 60;
    for (let at = 0; at < count; at++)
      (protocol as unknown as { channelData(id: number, data: Buffer): void }).channelData(id, packet);
    await within("the end of the channel", closed);
    expect(await output(await exec(attacker, "GET /it"))).toBe('"hello"\n');
  }, 40_000);
}

test("input that a handler reads late arrives whole", async () => {
  const { attack, read, running } = await start(16_000_000);
  const channel = await exec(await attack(), "STORE /it a=1");
  await until("the handler", () => running() === 1);
  const printed = output(channel);
  channel.end(Buffer.alloc(5_000_000));
  read();
  expect(await within("the answer", printed)).toBe("5000000\n");
}, 40_000);
