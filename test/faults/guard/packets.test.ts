import { randomBytes } from "node:crypto";
import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { startBench } from "../../unit/runtime/ssh/support.js";
import { within } from "../../unit/runtime/support/wait.js";
import {
  Attacker,
  authenticated,
  endedFor,
  otherClient,
  rawSocket,
  string,
  uint32,
  unauthenticated,
} from "./support.js";

const GREETING = "SSH-2.0-attacker\r\n";

test.each([
  ["0", uint32(0)],
  ["4294967295", uint32(0xffff_ffff)],
  ["13, which is not a whole block,", uint32(13)],
])("a packet length of %s ends its connection, and no other", async (_, length) => {
  const bench = await startBench();
  const other = await otherClient(bench);
  const socket = await rawSocket(bench);
  socket.write(GREETING);
  socket.write(Buffer.concat([length, randomBytes(64)]));
  await within("the end", socket.gone);
  await other.stillWorks();
});

test("garbage in place of each handshake message ends its connection, and no other", async () => {
  const bench = await startBench();
  const other = await otherClient(bench);
  const packet = (payload: Buffer) => {
    const padding = 16 - ((5 + payload.length) % 8);
    return Buffer.concat([
      uint32(1 + payload.length + padding),
      Buffer.from([padding]),
      payload,
      Buffer.alloc(padding),
    ]);
  };
  const name = string("none");
  const lists = Buffer.concat([string("curve25519-sha256"), string("ssh-ed25519"), ...Array<Buffer>(8).fill(name)]);
  for (const payload of [
    Buffer.from([20]),
    Buffer.concat([Buffer.from([20]), randomBytes(16), uint32(0xffff_ffff)]),
    Buffer.concat([Buffer.from([20]), randomBytes(16), lists, Buffer.alloc(5)]),
    Buffer.from([21]),
    Buffer.from([30, 0, 0, 0, 0]),
    Buffer.from([50, 1, 2, 3]),
    Buffer.from([94, 0, 0, 0, 0]),
    Buffer.from([1]),
  ]) {
    const socket = await rawSocket(bench);
    socket.write(Buffer.concat([Buffer.from(GREETING), packet(payload)]));
    await within(`the end after message ${payload[0]}`, socket.gone);
  }
  await other.stillWorks();
});

test.each([
  ["curve25519-sha256", 0, /Error while computing DH secret/],
  ["diffie-hellman-group16-sha512", 0, /^the Diffie-Hellman value of the client is out of range$/],
  ["diffie-hellman-group16-sha512", 1, /^the Diffie-Hellman value of the client is out of range$/],
] as const)("a key exchange (%s) with %i in place of a public key gives no connection", async (kex, value, reason) => {
  const bench = await startBench();
  const other = await otherClient(bench);
  const client = new ssh2.Client();
  const attacker = new Attacker(client);
  client.connect({
    host: "127.0.0.1",
    port: bench.listener.port,
    username: "alice",
    hostVerifier: () => true,
    algorithms: { kex: [kex] },
  });
  // The first message of the exchange (RFC 4253, section 8) follows the KEXINIT.
  const { encrypt } = attacker.protocol._cipher;
  attacker.protocol._cipher.encrypt = function (packet) {
    if (packet[5] === 30)
      packet
        .fill(0, 10, 10 + packet.readUInt32BE(6))
        .fill(value, 9 + packet.readUInt32BE(6), 10 + packet.readUInt32BE(6));
    encrypt.call(this, packet);
  };
  await within("the end", attacker.gone);
  await endedFor(bench, reason);
  await other.stillWorks();
});

test("announced answers that are not sent allocate no memory", async () => {
  const bench = await startBench();
  const attacker = await unauthenticated(bench);
  const request = [string("alice"), string("ssh-connection"), string("keyboard-interactive"), string(""), string("")];
  attacker.send(50, ...request);
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  for (let index = 0; index < 38; index++) attacker.send(61, uint32(0x0100_0000), Buffer.alloc(8));
  await within("the end", attacker.gone);
  await endedFor(bench, /^more answers announced than sent$/);
  expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000);
  await bench.dial();
});

test.each([
  ["opens a channel", 90],
  ["sends data", 94],
  ["makes a global request", 80],
  ["sends an unknown message", 192],
  ["sends a message of servers", 52],
  ["starts a rekey", 20],
])("a client that %s before authentication is disconnected", async (_, message) => {
  const bench = await startBench();
  const attacker = await unauthenticated(bench);
  attacker.send(message, string("session"), uint32(0), uint32(65_536), uint32(32_768));
  await within("the end", attacker.gone);
  await endedFor(bench, new RegExp(`^message ${message} before authentication$`));
  expect(bench.accepted).toHaveLength(0);
});

test("a client that sends only IGNORE messages is disconnected after maxPreAuthBytes", async () => {
  const bench = await startBench({ maxPreAuthBytes: 20_000 });
  const attacker = await unauthenticated(bench);
  for (let index = 0; index < 10_000 && !attacker.socket.destroyed; index++) attacker.send(2, string("x".repeat(1000)));
  await within("the end", attacker.gone);
  await endedFor(bench, /^\d+ bytes received before authentication \(maxPreAuthBytes\)$/);
});

test("a client that sends garbage within a key exchange is disconnected after maxPreAuthBytes", async () => {
  const bench = await startBench({ maxPreAuthBytes: 20_000 });
  const socket = await rawSocket(bench);
  socket.write(GREETING);
  // A client without strict key exchange may send IGNORE messages before it.
  const ignored = Buffer.concat([uint32(1012), Buffer.from([5, 2]), string("x".repeat(1001)), Buffer.alloc(5)]);
  const timer = setInterval(() => socket.writable && socket.write(ignored), 1);
  await within("the end", socket.gone);
  clearInterval(timer);
  await endedFor(bench, /\(maxPreAuthBytes\)$/);
});

test("compression is not negotiated: a client that requires it fails the key exchange", async () => {
  const bench = await startBench();
  await expect(unauthenticated(bench, { algorithms: { compress: ["zlib"] } })).rejects.toThrow(/compression/);
  await expect(unauthenticated(bench, { algorithms: { compress: ["zlib@openssh.com"] } })).rejects.toThrow(
    /compression/,
  );
});

test.each([
  ["a global request", [80]],
  ["a channel request", [98, 0, 0]],
  ["data", [94, 0]],
  ["a channel open", [90, 0, 0, 0, 200]],
  ["data for an impossible channel", [94, 255, 255, 255, 255, 0, 0, 0, 0]],
  ["a disconnect", [1, 0]],
])("a truncated message, %s, ends its connection, and no other", async (_, bytes) => {
  const bench = await startBench();
  const other = await otherClient(bench);
  const attacker = await authenticated(bench);
  attacker.send(Buffer.from(bytes));
  await within("the end", attacker.gone);
  await other.stillWorks();
});

test("the first debug messages of a client are logged, one line each", async () => {
  const bench = await startBench();
  const attacker = await authenticated(bench);
  for (let index = 0; index < 100; index++) attacker.send(4, 1, string(`message ${index}\n\x1b[31m`), string(""));
  await bench.dial();
  await expect.poll(() => bench.log.with("debug message of the client").length).toBe(10);
  expect(bench.log.with("debug message of the client")[0]).toMatchObject({
    level: "debug",
    fields: { user: "alice", text: "message 0\\u{a}\\u{1b}[31m" },
  });
});
