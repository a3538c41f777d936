import { getDiffieHellman } from "node:crypto";
import { connect as connectTcp } from "node:net";
import ssh2 from "ssh2";
import { expect, onTestFinished, test } from "vitest";
import { string, uint32 } from "../../keys/make-keys.js";
import { startBench } from "../../support.js";

interface Exchange {
  generateKeys(): void;
  _public: Buffer;
  getPublicKey(): Buffer;
}

const PRIME = BigInt(`0x${getDiffieHellman("modp16").getPrime("hex")}`);

/** A number as an mpint, without its length. */
function mpint(number: bigint): Buffer {
  const hex = number.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.alloc(1), bytes]);
}

const toNumber = (bytes: Buffer) => BigInt(`0x${bytes.toString("hex")}`);

/** Connects with another value in place of the client's own. */
async function connect(change: (value: bigint) => Buffer) {
  const bench = await startBench();
  const client = new ssh2.Client();
  onTestFinished(() => void client.end());
  const failed = new Promise<string>((resolve) => client.on("error", () => {}).once("close", () => resolve("refused")));
  const ready = new Promise<string>((resolve) => client.once("ready", () => resolve("accepted")));
  const { port } = bench.listener;
  const { privateKey } = bench.alice;
  const algorithms = { kex: ["diffie-hellman-group16-sha512" as const] };
  client.connect({ host: "127.0.0.1", port, username: "alice", privateKey, algorithms });
  const { _protocol: protocol } = client as unknown as { _protocol: { _kex?: Exchange } };
  let current: Exchange | undefined;
  Object.defineProperty(protocol, "_kex", {
    get: () => current,
    set: (exchange: Exchange | undefined) => {
      current = exchange;
      exchange?.generateKeys();
      if (exchange !== undefined) {
        const value = change(toNumber(exchange._public));
        exchange.getPublicKey = () => value;
      }
    },
  });
  return { outcome: await Promise.race([ready, failed]), bench };
}

test("accepts a Diffie-Hellman value in the range", async () => {
  expect(await connect((value) => mpint(value))).toMatchObject({ outcome: "accepted" });
});

test.each<[string, (value: bigint) => Buffer]>([
  ["over p", (value) => mpint(PRIME + value)],
  ["that equals p - 1", () => mpint(PRIME - 1n)],
  ["that is 0", () => Buffer.alloc(0)],
  ["that is 1", () => mpint(1n)],
  ["that is negative", (value) => Buffer.concat([Buffer.from([0xff]), mpint(value)])],
])("refuses a Diffie-Hellman value %s", async (_, change) => {
  const { outcome, bench } = await connect(change);
  expect(outcome).toBe("refused");
  const closed = () => bench.log.with("SSH connection closed").map(({ fields }) => fields["reason"]);
  await expect.poll(closed).toEqual(["the Diffie-Hellman value of the client is out of range"]);
});

/** A packet before encryption (RFC 4253, section 6). */
function packet(payload: Buffer): Buffer {
  const padding = 11 - ((payload.length + 8) % 8);
  return Buffer.concat([uint32(payload.length + padding + 1), Buffer.of(padding), payload, Buffer.alloc(padding)]);
}

/** The first packets of a client; they cost it nothing. */
function openingOf(kex: string, { value, guess }: { readonly value?: Buffer; readonly guess?: Buffer }): Buffer[] {
  const cipher = "aes128-gcm@openssh.com";
  const mac = "hmac-sha2-256-etm@openssh.com";
  const lists = [kex, "ssh-ed25519", cipher, cipher, mac, mac, "none", "none", "", ""].map(string);
  const offer = [Buffer.of(20), Buffer.alloc(16), ...lists, Buffer.of(guess === undefined ? 0 : 1), uint32(0)];
  const values = [guess, value].flatMap((bytes) => (bytes === undefined ? [] : [Buffer.of(30), string(bytes)]));
  return [Buffer.from("SSH-2.0-test\r\n"), packet(Buffer.concat(offer)), packet(Buffer.concat(values))];
}

const GROUP18 = openingOf("diffie-hellman-group18-sha512", { value: Buffer.alloc(1024, 0x55) });

/** The type of KEXDH_REPLY after the lengths of its packet; its payload begins with the host key. */
const REPLY = Buffer.concat([Buffer.of(31), uint32(51), string("ssh-ed25519")]);

test("logs others in while a flood of Diffie-Hellman exchanges waits, and answers all of them", async () => {
  const bench = await startBench();
  let answered = 0;
  for (let count = 0; count < 40; count++) {
    const socket = connectTcp(bench.listener.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    let received = Buffer.alloc(0);
    socket
      .on("error", () => undefined)
      .on("data", (chunk) => {
        const before = received.includes(REPLY);
        received = Buffer.concat([received, chunk]);
        if (!before && received.includes(REPLY)) answered += 1;
      });
    socket.write(Buffer.concat(GROUP18));
  }
  await expect.poll(() => answered).toBeGreaterThan(0);
  const duplex = await bench.dial();
  expect(answered).toBeLessThan(40);
  duplex.destroy();
  await expect.poll(() => answered, { timeout: 30_000 }).toBe(40);
});

test("refuses a second message of the key exchange before the reply to the first", async () => {
  const bench = await startBench();
  const second = packet(Buffer.concat([Buffer.of(30), string("x")]));
  for (let count = 0; count < 3; count++) {
    const socket = connectTcp(bench.listener.port, "127.0.0.1")
      .on("error", () => undefined)
      .resume();
    onTestFinished(() => void socket.destroy());
    socket.write(Buffer.concat([...GROUP18, second]));
  }
  const closed = () => bench.log.with("SSH connection closed").map(({ fields }) => String(fields["reason"]));
  await expect.poll(closed).toContain("message 30 before the reply to the key exchange");
});

test("ignores the packet of a client that has guessed another key exchange", async () => {
  const bench = await startBench();
  const socket = connectTcp(bench.listener.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  const kex = "ecdh-sha2-nistp521,diffie-hellman-group16-sha512";
  // The wrong guess would be a negative number of the negotiated group.
  const right = packet(Buffer.concat([Buffer.of(30), string(Buffer.alloc(512, 0x55))]));
  socket.write(Buffer.concat([...openingOf(kex, { guess: Buffer.alloc(66, 0xff) }), right]));
  let received = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  await expect.poll(() => received.includes(REPLY)).toBe(true);
});
