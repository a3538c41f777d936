import { getDiffieHellman } from "node:crypto";
import ssh2 from "ssh2";
import { expect, onTestFinished, test } from "vitest";
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
