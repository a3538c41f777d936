import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { execHandler, shellHandler, startBench } from "../../unit/runtime/ssh/support.js";
import { Random, SEED } from "../../unit/runtime/wire/random.js";
import { type Attacker, authenticated, otherClient, string, uint32, unauthenticated } from "./support.js";

/** How long one side is attacked, in milliseconds, and the messages on each connection. */
const TIME = 3000;
const MESSAGES = 200;

type Part = number | Buffer;

/** Numbers and texts for messages about channels, existing and unknown ones. */
function parts(random: Random) {
  const pick = <T>(...of: readonly T[]): T => of[random.below(of.length)] as T;
  const channel = () => uint32(pick(0, 0, 1, 2, 3, 9, 0xffff_ffff));
  const size = () => uint32(pick(0, 1, 1024, 32_768, 2 ** 21, 0xffff_ffff));
  const text = () => string(pick("", "session", "x\0y", "\xff\xfe\x1b", "a".repeat(300)));
  const bytes = (most: number) => Buffer.from(Array.from({ length: random.below(most) }, () => random.below(256)));
  return { pick, channel, size, text, bytes };
}

/** Messages of an authenticated client: mostly well-formed, and mostly out of sequence. */
function clientMessage(random: Random): readonly Part[] {
  const { pick, channel, size, text, bytes } = parts(random);
  const kind = () => pick("session", "session", "direct-tcpip", "direct-streamlocal@openssh.com", "x11");
  const request = () =>
    pick("exec", "shell", "subsystem", "env", "pty-req", "window-change", "signal", "auth-agent-req@openssh.com");
  const forward = () =>
    `${pick("", "cancel-")}${pick("tcpip-forward", "streamlocal-forward@openssh.com", "no-more-sessions@openssh.com")}`;
  const about = () => pick<Buffer>(string("sshrpc"), string("x"), Buffer.concat([string("RPC_A"), string("v")]));
  const terminal = () => Buffer.concat([string("xterm"), uint32(80), uint32(24), size(), size(), text()]);
  return pick<() => readonly Part[]>(
    () => [90, string(kind()), channel(), size(), size(), text(), uint32(random.below(70_000)), text(), uint32(1)],
    () => [90, string("session"), channel(), uint32(65_536), uint32(32_768)],
    () => [98, channel(), string(request()), random.below(2), pick(about(), terminal(), size(), Buffer.alloc(0))],
    () => [80, string(forward()), random.below(2), text(), uint32(pick(0, 70_000))],
    () => [pick(93, 96, 97, 99, 100), channel(), size()],
    () => [94, channel(), string(Buffer.alloc(pick(0, 1, 100, 30_000)))],
    () => [95, channel(), uint32(1), text()],
    () => [pick(91, 92), channel(), channel(), size(), size()],
    () => [random.below(256), bytes(40)],
  )();
}

/** Messages of an unauthenticated client. */
function strangerMessage(random: Random): readonly Part[] {
  const { pick, text, bytes } = parts(random);
  const user = () => pick(string("alice"), string("alice"), string("bob"), text());
  const algorithm = () =>
    string(pick("ssh-ed25519", "ssh-rsa", "rsa-sha2-256", "ssh-ed25519-cert-v01@openssh.com", "x"));
  const blob = () => string(pick(Buffer.concat([algorithm(), string(Buffer.alloc(32))]), bytes(50)));
  const signature = () => pick(Buffer.alloc(0), string(Buffer.concat([algorithm(), string(Buffer.alloc(64))])));
  const ask = (method: string, ...more: Part[]) => [50, user(), string("ssh-connection"), string(method), ...more];
  return pick<() => readonly Part[]>(
    () => ask("publickey", random.below(2), algorithm(), blob(), signature()),
    () => ask("password", random.below(2), text(), pick(Buffer.alloc(0), text())),
    () => ask("keyboard-interactive", text(), text()),
    () => ask(pick("none", "hostbased", "__proto__", "\x1b[31m"), bytes(20)),
    () => [61, uint32(random.below(4)), ...Array.from({ length: random.below(4) }, text)],
    () => [pick(2, 3, 4, 5, 7), pick(bytes(40), string("ssh-userauth"))],
    () => [random.below(256), bytes(40)],
  )();
}

async function attack(start: () => Promise<Attacker>, message: (random: Random) => readonly Part[]): Promise<void> {
  const random = new Random(SEED);
  for (const end = Date.now() + TIME; Date.now() < end; ) {
    const attacker = await start();
    // The replies of the server are not read.
    for (const name of Object.keys(attacker.protocol._handlers)) attacker.protocol._handlers[name] = () => {};
    for (let count = 0; count < MESSAGES && !attacker.socket.destroyed; count++) {
      const sent = message(random);
      const whole = Buffer.concat(sent.map((part) => (typeof part === "number" ? Buffer.from([part]) : part)));
      attacker.send(random.below(12) === 0 ? whole.subarray(0, 1 + random.below(whole.length)) : whole);
      if (random.below(20) === 0) await delay(random.below(4));
    }
    attacker.socket.destroy();
  }
}

const FORWARDING = { permitOpen: ["*:*"], permitListen: ["*:*"], permitListenUnix: [], permitOpenUnix: [] };

test(`random messages of an authenticated client affect no other connection (TEST_SEED=${SEED})`, async () => {
  const bench = await startBench({ forwarding: FORWARDING, session: async () => true }, undefined, [
    execHandler(async (session) => {
      session.stream.resume();
      session.stream.write("output");
      await session.writeError("errors");
      await session.exit(0);
    }),
    shellHandler(({ stream }) => void stream.pipe(stream)),
  ]);
  const other = await otherClient(bench);
  await attack(() => authenticated(bench), clientMessage);
  await other.stillWorks();
  await expect.poll(() => bench.listener.connections).toBe(0);
  expect(bench.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});

test(`random messages of an unauthenticated client open nothing (TEST_SEED=${SEED})`, async () => {
  const bench = await startBench({ verifyPassword: () => undefined, authFailureDelay: 1 });
  const other = await otherClient(bench);
  const { length } = bench.log.with("authenticated");
  await attack(() => unauthenticated(bench), strangerMessage);
  await other.stillWorks();
  await expect.poll(() => bench.listener.connections).toBe(0);
  expect(bench.log.with("authenticated")).toHaveLength(length);
  expect(bench.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});
