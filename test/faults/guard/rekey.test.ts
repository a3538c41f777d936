import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { keepRekeying } from "../../../runtime/src/ssh/ssh2/packets/rekey.js";
import { readBytes, startBench } from "../../unit/runtime/ssh/support.js";
import { until, within } from "../../unit/runtime/support/wait.js";
import {
  type Attacker,
  authenticated,
  endedFor,
  otherClient,
  rawSocket,
  reasons,
  string,
  uint32,
  unauthenticated,
} from "./support.js";

/** Sends a KEXINIT as often as asked, and never finishes the exchange. */
function holdKeys(attacker: Attacker): void {
  // Keeps ssh2 from finishing the exchange.
  attacker.socket.removeAllListeners("data");
  attacker.socket.resume();
  attacker.protocol.rekey();
}

test("a server rekeys after rekeyBytes, and loses no data in flight", async () => {
  const bench = await startBench({ rekeyBytes: 1024 * 1024 });
  const attacker = await authenticated(bench);
  let keys = 0;
  attacker.client.on("handshake", () => keys++);
  const channel = await attacker.open();
  const data = randomBytes(3_000_000);
  const answer = readBytes(channel, data.length);
  channel.write(data);
  expect((await within("the echo", answer)).equals(data)).toBe(true);
  await until("new keys", () => keys > 0);
  const again = readBytes(channel, 5);
  channel.write("hello");
  expect((await within("the echo under new keys", again)).toString()).toBe("hello");
});

test("a server rekeys after rekeyInterval", async () => {
  const bench = await startBench({ rekeyInterval: 1000 });
  const attacker = await authenticated(bench);
  await within("new keys", new Promise((resolve) => attacker.client.once("handshake", resolve)));
});

test("a client rekeys as a server does", async () => {
  const bench = await startBench();
  const attacker = await authenticated(bench);
  const { client, socket } = attacker;
  const failed = new Promise((_, reject) => {
    keepRekeying(client, socket, { rekeyBytes: 1, rekeyInterval: 60_000, rekeyTimeout: 5000 }, (reason) =>
      reject(new Error(reason)),
    );
  });
  await attacker.open();
  const renewed = until("new keys", () => bench.log.with("new keys").length > 0);
  await Promise.race([renewed, failed]);
});

test("a client that starts a rekey and does not finish it is disconnected after rekeyTimeout", async () => {
  // Packets are queued in memory during the exchange, and this handler would fill it.
  let written = 0;
  const bench = await startBench({ rekeyTimeout: 1000 }, (duplex) => {
    const more = (): void => {
      while (!duplex.destroyed && duplex.write(Buffer.alloc(65_536))) written += 65_536;
    };
    duplex.on("drain", more);
    setTimeout(more, 200);
  });
  const attacker = await authenticated(bench);
  attacker.protocol.session(0, 0xffff_ffff, 32_768);
  attacker.send(98, uint32(0), string("subsystem"), 0, string("sshrpc"));
  await until("the handler", () => bench.accepted.length === 1);
  holdKeys(attacker);
  await endedFor(bench, /^key exchange timed out after 1000 ms \(rekeyTimeout\)$/);
  await within("the end", attacker.gone);
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(4_000_000);
  await bench.dial();
});

test("a client that does not answer the server's KEXINIT is disconnected", async () => {
  const bench = await startBench({ rekeyInterval: 1000, rekeyTimeout: 500 });
  const attacker = await authenticated(bench);
  attacker.socket.removeAllListeners("data");
  attacker.socket.resume();
  await endedFor(bench, /\(rekeyTimeout\)$/);
});

test("a client that rekeys all the time is disconnected: each exchange costs the server more than the client", async () => {
  const bench = await startBench();
  const other = await otherClient(bench);
  const attacker = await authenticated(bench);
  let keys = 0;
  attacker.client.on("handshake", () => {
    keys++;
    attacker.protocol.rekey();
  });
  attacker.protocol.rekey();
  await endedFor(bench, /^too many key exchanges$/);
  expect(keys).toBeGreaterThan(0);
  expect(keys).toBeLessThan(40);
  await other.stillWorks();
});

test("a rekey before authentication ends the connection", async () => {
  const bench = await startBench();
  const attacker = await unauthenticated(bench);
  attacker.protocol.rekey();
  await endedFor(bench, /^message 20 before authentication$/);
});

test("an unexpected message during a rekey ends the connection", async () => {
  const bench = await startBench();
  for (const type of [5, 50, 79, 128]) {
    const attacker = await authenticated(bench);
    attacker.socket.removeAllListeners("data");
    attacker.protocol.rekey();
    attacker.send(type, Buffer.alloc(8));
    attacker.socket.resume();
    await within("the end", attacker.gone);
    await endedFor(bench, new RegExp(`unexpected packet type ${type}$`));
  }
});

/** The replies that do not belong to the client's own channels. */
function watch({ protocol }: Attacker, names: readonly string[]): string[] {
  const heard: string[] = [];
  for (const name of names) protocol._handlers[name] = () => void heard.push(name);
  return heard;
}

test("every message of the connection protocol is accepted during a rekey, and answered under the new keys", async () => {
  const bench = await startBench();
  const attacker = await authenticated(bench);
  const channel = await attacker.open();
  const [echo, id] = [readBytes(channel, 10), uint32(channel.outgoing.id)];
  const answers = ["REQUEST_FAILURE", "CHANNEL_OPEN_CONFIRMATION", "CHANNEL_OPEN_FAILURE", "CHANNEL_SUCCESS"];
  const heard = watch(attacker, answers);
  let keys = 0;
  attacker.client.on("handshake", () => keys++);
  attacker.protocol.rekey();
  attacker.send(94, id, string("hello"));
  attacker.send(80, string("nothing@example.com"), 1);
  attacker.send(90, string("session"), uint32(77), uint32(100_000), uint32(32_768));
  attacker.send(90, string("nothing@example.com"), uint32(78), uint32(100_000), uint32(32_768));
  // The session being opened: the server numbers its channels upward.
  attacker.send(98, uint32(channel.outgoing.id + 1), string("env"), 1, string("RPC_A"), string("b"));
  attacker.send(93, id, uint32(1000));
  attacker.send(95, id, uint32(1), string("errors"));
  // Replies to requests that were never made, and unknown messages.
  for (const type of [81, 82, 83, 100, 101, 127]) attacker.send(type, uint32(99));
  for (const type of [96, 97, 99]) attacker.send(type, uint32(99));
  attacker.send(91, uint32(99), uint32(0), uint32(0), uint32(32_768));
  attacker.send(92, uint32(99), uint32(0), string(""), string(""));
  attacker.send(94, id, string("world"));
  expect((await within("the echo", echo)).toString()).toBe("helloworld");
  await until("the answers", () => heard.length === answers.length);
  expect([...heard].sort()).toEqual([...answers].sort());
  expect(keys).toBe(1);
  const end = new Promise((resolve) => channel.once("close", resolve));
  attacker.protocol.rekey();
  attacker.send(96, id);
  attacker.send(97, id);
  await within("the channel's end", end);
});

test("data during a rekey is bounded, in bytes and in packets", async () => {
  const bench = await startBench();
  const other = await otherClient(bench);
  const flood = async (type: number, size: number, count: number) => {
    const attacker = await authenticated(bench);
    holdKeys(attacker);
    for (let sent = 0; sent < count && !attacker.socket.destroyed; sent++) attacker.send(type, Buffer.alloc(size - 1));
    await within("the end", attacker.gone);
  };
  const mib = 1024 * 1024;
  // Data for a channel that was never opened.
  for (const type of [2, 94]) await flood(type, 32_768, 1100);
  await endedFor(bench, /^(\d+) bytes in 1025 packets during one key exchange$/);
  await flood(2, 5, 262_200);
  await endedFor(bench, /^\d+ bytes in 262145 packets during one key exchange$/);
  expect(reasons(bench).filter((reason) => reason.includes(`${32 * mib + 32_768} bytes`))).toHaveLength(2);
  await other.stillWorks();
});

test("the first key exchange is strict: any other message ends the connection", async () => {
  const bench = await startBench();
  for (const type of [2, 3, 4, 80, 94, 127]) {
    const socket = await rawSocket(bench);
    socket.write(
      Buffer.concat([
        Buffer.from("SSH-2.0-byhand\r\n"),
        plainPacket(strictKexInit()),
        plainPacket(Buffer.alloc(8, type)),
      ]),
    );
    await within("the end", socket.gone);
    await endedFor(bench, new RegExp(`unexpected packet type ${type}$`));
  }
});

/** An unencrypted packet (RFC 4253, section 6). */
function plainPacket(payload: Buffer): Buffer {
  const padding = 32 - ((5 + payload.length) % 16);
  return Buffer.concat([uint32(1 + payload.length + padding), Buffer.of(padding), payload, Buffer.alloc(padding)]);
}

/** The offer of a client with strict key exchange. */
function strictKexInit(): Buffer {
  const cipher = "aes256-gcm@openssh.com";
  const mac = "hmac-sha2-256-etm@openssh.com";
  const lists = [
    "curve25519-sha256,kex-strict-c-v00@openssh.com",
    "ssh-ed25519",
    cipher,
    cipher,
    mac,
    mac,
    "none",
    "none",
  ];
  return Buffer.concat([Buffer.of(20), Buffer.alloc(16), ...[...lists, "", ""].map(string), Buffer.alloc(5)]);
}
