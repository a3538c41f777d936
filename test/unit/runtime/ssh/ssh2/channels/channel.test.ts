import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { expect, it } from "vitest";
import { rawClient } from "../../raw-client.js";
import { closed, readBytes, readText, startBench, startRelay } from "../../support.js";

/** What ssh2 sends with. */
interface RawProtocol {
  session: (id: number, window: number, packet: number) => void;
  ping(): void;
}

it("echoes messages of 64 KiB one after the other, unchanged", async () => {
  const duplex = await (await startBench()).dial();
  for (let round = 0; round < 50; round++) {
    const message = randomBytes(65_536);
    duplex.write(message);
    expect((await readBytes(duplex, message.length)).equals(message)).toBe(true);
  }
});

it("echoes 16 MiB at once, past every window and buffer", async () => {
  const duplex = await (await startBench()).dial();
  const message = randomBytes(16 * 1024 * 1024);
  duplex.write(message);
  expect((await readBytes(duplex, message.length)).equals(message)).toBe(true);
});

it("passes the peer to the server: user, fingerprint, key name, scopes, address", async () => {
  const bench = await startBench();
  await bench.dial();
  expect(bench.accepted[0]?.peer).toMatchObject({
    user: "alice",
    fingerprint: bench.alice.publicKey.fingerprint,
    keyName: "alice@laptop",
    scopes: ["notes:*"],
    address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  });
});

it("lets either side end while the other goes on", async () => {
  const bench = await startBench({}, (duplex) => {
    duplex.on("data", () => {}).on("end", () => duplex.end("all of it"));
  });
  const duplex = await bench.dial();
  duplex.end("question");
  expect(await readText(duplex)).toBe("all of it");
});

it("lets the server end first and still receives the client's data", async () => {
  const received: Promise<string>[] = [];
  const bench = await startBench({}, (duplex) => {
    received.push(readText(duplex));
    duplex.end("goodbye");
  });
  const duplex = await bench.dial();
  expect(await readText(duplex)).toBe("goodbye");
  // Long enough for a close of the channel to arrive, if one was sent.
  await new Promise((resolve) => setTimeout(resolve, 50));
  duplex.end("wait, one more thing");
  expect(await received[0]).toBe("wait, one more thing");
});

it("delivers everything that was written before the end", async () => {
  const message = randomBytes(5_000_000);
  const bench = await startBench({}, (duplex) => void duplex.resume().end(message));
  const duplex = await bench.dial();
  const chunks: Buffer[] = [];
  for await (const chunk of duplex) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).equals(message)).toBe(true);
});

it("ends the SSH connection with the duplex", async () => {
  const bench = await startBench();
  const duplex = await bench.dial();
  expect(bench.listener.connections).toBe(1);
  duplex.destroy();
  await expect.poll(() => bench.listener.connections).toBe(0);
  expect(bench.accepted[0]?.duplex.destroyed).toBe(true);
});

it("closes with an error at the client when the server vanishes, also while the duplex is unread", async () => {
  const bench = await startBench({}, (duplex) => void duplex.write(randomBytes(1_000_000)));
  const relay = await startRelay(bench.listener.port);
  const duplex = await bench.dialThrough(relay.port);
  const end = closed(duplex);
  relay.kill();
  expect(await end).toMatchObject({
    status: "UNAVAILABLE",
    message: expect.stringMatching(/^the connection to ssh:\/\/alice@127\.0\.0\.1:\d+ was lost/),
  });
});

it("closes with an error at the server when the client vanishes, also while the duplex is unread", async () => {
  const bench = await startBench({}, (duplex) => void duplex.pause());
  const relay = await startRelay(bench.listener.port);
  const duplex = await bench.dialThrough(relay.port);
  duplex.on("error", () => {}).write(randomBytes(3_000_000));
  await expect.poll(() => bench.accepted.length).toBe(1);
  const accepted = bench.accepted[0]!.duplex;
  const end = closed(accepted);
  relay.kill();
  expect(await end).toMatchObject({ message: expect.stringMatching(/^the connection of .* was lost/) });
});

it("calls back a write with an error after the connection was lost", async () => {
  const bench = await startBench();
  const relay = await startRelay(bench.listener.port);
  const duplex = await bench.dialThrough(relay.port);
  const end = closed(duplex);
  relay.kill();
  await end;
  const error = await new Promise((resolve) => void duplex.write("anybody?", resolve));
  expect(error).toBeInstanceOf(Error);
});

it("closes both ends when the server stops listening", async () => {
  const bench = await startBench();
  const duplex = await bench.dial();
  const end = closed(duplex);
  await bench.listener.close();
  await end;
  expect(bench.listener.connections).toBe(0);
});

it("applies backpressure to a writer while the reader is paused", async () => {
  const bench = await startBench({}, (duplex) => void duplex.pause());
  const duplex = await bench.dial();
  let written = 0;
  const chunk = Buffer.alloc(65_536);
  const full = () => {
    while (duplex.write(chunk)) written += chunk.length;
  };
  duplex.on("drain", full);
  full();
  await expect.poll(() => bench.accepted.length).toBe(1);
  await settled(() => written);
  expect(written).toBeLessThan(16 * 1024 * 1024);
  const stalled = written;
  bench.accepted[0]!.duplex.resume();
  await expect.poll(() => written).toBeGreaterThan(stalled);
});

/** Waits until a number has stopped changing. */
async function settled(value: () => number): Promise<void> {
  for (let last = -1; value() !== last; await new Promise((resolve) => setTimeout(resolve, 100))) last = value();
}

it("sends 40 messages of 1 MiB, written at once, to a client with a window of 2 GiB", async () => {
  const messages = Array.from({ length: 40 }, () => randomBytes(1024 * 1024));
  const bench = await startBench({}, (duplex) => {
    for (const message of messages) duplex.write(message);
  });
  const client = (await rawClient(bench)) as Client & { readonly _protocol: RawProtocol };
  const session = client._protocol.session.bind(client._protocol);
  client._protocol.session = (id, _window, packet) => session(id, 0x7fff_ffff, packet);
  const channel = await new Promise<Duplex>((resolve, reject) => {
    client.subsys("sshrpc", (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  // The server looks at what it buffers when a packet arrives.
  client._protocol.ping();
  const received = await readBytes(channel, messages.length * 1024 * 1024);
  expect(received.equals(Buffer.concat(messages))).toBe(true);
});
