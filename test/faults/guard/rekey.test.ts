import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { keepRekeying } from "../../../runtime/src/ssh/guard/rekey.js";
import { readBytes, startBench } from "../../unit/runtime/ssh/support.js";
import { until, within } from "../../unit/runtime/support/wait.js";
import { type Attacker, bystander, endedFor, loggedIn, stranger, string, uint32 } from "./support.js";

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
  await endedFor(bench, /^the key exchange did not end within 1000 ms \(rekeyTimeout\)$/);
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
  await endedFor(bench, /^it asks for too many keys$/);
  expect(keys).toBeLessThan(40);
  await other.unharmed();
});

test("new keys are not to be had before the login", async () => {
  const bench = await startBench();
  const attacker = await stranger(bench);
  attacker.protocol.rekey();
  await endedFor(bench, /^it sends message 20 before it has logged in$/);
});

test("a message within a key exchange that has no place there ends its connection", async () => {
  const bench = await startBench();
  const attacker = await loggedIn(bench);
  attacker.socket.removeAllListeners("data");
  attacker.protocol.rekey();
  attacker.send(94, Buffer.alloc(8));
  attacker.socket.resume();
  await within("the end", attacker.gone);
  await endedFor(bench, /unexpected packet type 94/);
});
