import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createGunzip, gzipSync } from "node:zlib";
import type ssh2 from "ssh2";
import { type ServeOptions, serveHandlers } from "sshrpc/server";
import { generateKeyPair } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { connectTo } from "../../../../faults/guard/support.js";
import { handlersOf, method, TestLog } from "../../support/server.js";
import { until, within } from "../../support/wait.js";

// Clients of the option korv that send requests, and do not read what the server answers.

/** Packets of about 30 KB, of which the window of a client has room for 70 to 100. With `korv.calls` more, there were 164. */
const DIGITS = randomBytes(30_000).toString("hex");
const [FULL, MOST] = [70, 130];

async function start(options: Partial<ServeOptions>) {
  const [host, mallory] = [generateKeyPair(), generateKeyPair()];
  const log = new TestLog();
  let asked = 0;
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const handlers = {
    "GET /large": () => {
      asked += 1;
      return DIGITS;
    },
    "GET /slow": async () => {
      asked += 1;
      await gate;
      return DIGITS;
    },
    "GET /hello": () => "hello",
  };
  const server = await serveHandlers(
    handlersOf(
      Object.keys(handlers).map((id) => method(id)),
      handlers,
    ),
    {
      port: 0,
      hostKeys: { privateKey: host.privateKey },
      authorizedKeys: { lines: [mallory.publicKey] },
      log,
      ...options,
    },
  );
  onTestFinished(() => server.close());
  const { client } = await connectTo(server.port, "ready", { privateKey: mallory.privateKey });
  const open = (): Promise<ssh2.ClientChannel> =>
    new Promise((resolve, reject) =>
      client.forwardOut("127.0.0.1", 1, "127.0.0.1", 2, (error, channel) => (error ? reject(error) : resolve(channel))),
    );
  return { log, open, release, asked: () => asked };
}

const requests = (count: number, resource: string): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, (_, id) => gzipSync(JSON.stringify({ id, verb: "GET", resource, body: null }))),
  );

/** Reads whole messages until there are as many, or the channel ends. */
async function answers(channel: ssh2.ClientChannel, count: number): Promise<{ code: number; request_id: number }[]> {
  const found: { code: number; request_id: number }[] = [];
  let text = "";
  for await (const chunk of channel.pipe(createGunzip()).setEncoding("utf8")) {
    // Each message is an object without inner ones.
    const parts = `${text}${chunk}`.split(/(?<=\})/);
    text = parts.at(-1)?.endsWith("}") ? "" : (parts.pop() ?? "");
    found.push(...parts.map((part) => JSON.parse(part)));
    if (found.length >= count) break;
  }
  return found;
}

test("a client that does not read has few requests handled, and gets every response whole when it reads", async () => {
  const { open, asked } = await start({ korv: { sendTimeout: 60_000 }, limits: { sendHighWaterMark: 50_000 } });
  const [channel, other] = [await open(), await open()];
  channel.write(requests(200, "/large"));
  await until("the window of the client to be full", () => asked() >= FULL);
  for (let call = 0; call < 50; call++) {
    other.write(requests(1, "/hello"));
    await within("an answer on another channel", once(other, "data"));
  }
  expect(asked()).toBeLessThan(MOST);
  const found = await within("all answers", answers(channel, 200));
  expect(found.map(({ code }) => code)).toEqual(Array(200).fill(200));
  expect(new Set(found.map(({ request_id }) => request_id)).size).toBe(200);
}, 40_000);

test("responses that wait for a client are charged to its account, which ends the channel when it is full", async () => {
  const { open, release, asked, log } = await start({ korv: true, limits: { bytes: 1_000_000 } });
  const channel = await open();
  channel.write(requests(64, "/slow"));
  await until("the calls", () => asked() === 64);
  const closed = once(channel.resume(), "close");
  release();
  await within("the end of the channel", closed);
  const reasons = log.lines
    .filter(({ message }) => message === "korv channel ended")
    .map(({ fields }) => fields["reason"]);
  expect(reasons).toEqual([expect.stringContaining("may hold 1000000 bytes of memory")]);
}, 40_000);
