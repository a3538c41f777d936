import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { keepRekeying } from "../../../runtime/src/ssh/ssh2/packets/rekey.js";
import { readBytes, startBench } from "../../unit/runtime/ssh/support.js";
import { until, within } from "../../unit/runtime/support/wait.js";
import {
  type Attacker,
  bystander,
  endedFor,
  loggedIn,
  rawSocket,
  reasons,
  stranger,
  string,
  uint32,
} from "./support.js";

/** Sends a KEXINIT of its own as often as asked, without ever going on with it. */
function holdKeys(attacker: Attacker): void {
  // ssh2 would finish what it begins.
  attacker.socket.removeAllListeners("data");
  attacker.socket.resume();
  attacker.protocol.rekey();
}

test("a server asks for new keys after rekeyBytes, and loses nothing of what is under way", async () => {
  const bench = await startBench({ rekeyBytes: 1024 * 1024 });
  const attacker = await loggedIn(bench);
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

test("a server asks for new keys after rekeyInterval", async () => {
  const bench = await startBench({ rekeyInterval: 1000 });
  const attacker = await loggedIn(bench);
  await within("new keys", new Promise((resolve) => attacker.client.once("handshake", resolve)));
});

test("a client asks for new keys as a server does", async () => {
  const bench = await startBench();
  const attacker = await loggedIn(bench);
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

test("a client that begins a key exchange and does not go on is disconnected after rekeyTimeout", async () => {
  // What is sent meanwhile waits in memory, and this handler would fill it.
  let written = 0;
  const bench = await startBench({ rekeyTimeout: 1000 }, (duplex) => {
    const more = (): void => {
      while (!duplex.destroyed && duplex.write(Buffer.alloc(65_536))) written += 65_536;
    };
    duplex.on("drain", more);
    setTimeout(more, 200);
  });
  const attacker = await loggedIn(bench);
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

test("a client that does not answer the server's wish for new keys is disconnected", async () => {
  const bench = await startBench({ rekeyInterval: 1000, rekeyTimeout: 500 });
  const attacker = await loggedIn(bench);
  attacker.socket.removeAllListeners("data");
  attacker.socket.resume();
  await endedFor(bench, /\(rekeyTimeout\)$/);
});

test("a client that asks for new keys all the time is disconnected: each costs the server more than the client", async () => {
  const bench = await startBench();
  const other = await bystander(bench);
  const attacker = await loggedIn(bench);
  let keys = 0;
  attacker.client.on("handshake", () => {
    keys++;
    attacker.protocol.rekey();
  });
  attacker.protocol.rekey();
  await endedFor(bench, /^too many key exchanges$/);
  expect(keys).toBeLessThan(40);
  await other.unharmed();
});

test("new keys are not to be had before the login", async () => {
  const bench = await startBench();
  const attacker = await stranger(bench);
  attacker.protocol.rekey();
  await endedFor(bench, /^message 20 before authentication$/);
});

test("a message within a key exchange that has no place there ends its connection", async () => {
  const bench = await startBench();
  for (const type of [5, 50, 79, 128]) {
    const attacker = await loggedIn(bench);
    attacker.socket.removeAllListeners("data");
    attacker.protocol.rekey();
    attacker.send(type, Buffer.alloc(8));
    attacker.socket.resume();
    await within("the end", attacker.gone);
    await endedFor(bench, new RegExp(`unexpected packet type ${type}$`));
  }
});

/** The messages that come back, and have nothing to do with the client's own channels. */
function watch({ protocol }: Attacker, names: readonly string[]): string[] {
  const heard: string[] = [];
  for (const name of names) protocol._handlers[name] = () => void heard.push(name);
  return heard;
}

test("a rekey takes every message of the connection protocol, and its answers come with the new keys", async () => {
  const bench = await startBench();
  const attacker = await loggedIn(bench);
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
  // The session that is being opened: the server counts its channels up.
  attacker.send(98, uint32(channel.outgoing.id + 1), string("env"), 1, string("RPC_A"), string("b"));
  attacker.send(93, id, uint32(1000));
  attacker.send(95, id, uint32(1), string("errors"));
  // What answers requests that were never made, or nobody knows.
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

test("what a peer sends within a rekey is bounded, in bytes and in packets", async () => {
  const bench = await startBench();
  const other = await bystander(bench);
  const flood = async (type: number, size: number, count: number) => {
    const attacker = await loggedIn(bench);
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
  await other.unharmed();
});

test("the first key exchange stays strict: nothing else has a place in it", async () => {
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

/** A packet as it is before there are keys (RFC 4253, section 6). */
function plainPacket(payload: Buffer): Buffer {
  const padding = 32 - ((5 + payload.length) % 16);
  return Buffer.concat([uint32(1 + payload.length + padding), Buffer.of(padding), payload, Buffer.alloc(padding)]);
}

/** What a client that knows the strict key exchange offers. */
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
