import { randomBytes } from "node:crypto";
import ssh2 from "ssh2";
import { describe, expect, onTestFinished, test } from "vitest";
import { gatherWrites } from "../../../../../runtime/src/ssh/ssh2/gather-writes.js";
import { reusePackets } from "../../../../../runtime/src/ssh/ssh2/packet-memory.js";
import { within } from "../../support/wait.js";
import { makeKey, readBytes, startBench, tempDir } from "../support.js";

type AllocPacket = (payload: number) => Buffer;

type Patched = ssh2.Client & {
  readonly _sock: import("node:net").Socket;
  readonly _protocol: { readonly _cipher: { allocPacket: AllocPacket } };
};

/** A client with memory for its packets, connected with this cipher to a plain server of ssh2. */
async function connect(cipher: string): Promise<Patched> {
  const host = makeKey(tempDir(), "host");
  const algorithms = { cipher: [cipher], hmac: ["hmac-sha2-256-etm@openssh.com"] } as unknown as ssh2.Algorithms;
  const server = new ssh2.Server({ hostKeys: [host.privateKey], algorithms }, (connection) =>
    connection.on("error", () => {}).on("authentication", (context) => context.accept()),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new ssh2.Client() as Patched;
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  await within(
    "the connection",
    new Promise<void>((resolve, reject) => {
      client.on("error", reject).on("ready", () => resolve());
      const { port } = server.address() as { port: number };
      client.connect({ host: "127.0.0.1", port, username: "alice", hostVerifier: () => true, algorithms });
      gatherWrites(client._sock);
      reusePackets(client, client._sock);
    }),
  );
  return client;
}

describe.each(["aes256-gcm@openssh.com", "aes128-ctr"])("packets of %s", (name) => {
  test("have the lengths that ssh2 gives them", async () => {
    const { _cipher: cipher } = (await connect(name))._protocol;
    const original = Object.getPrototypeOf(cipher) as { allocPacket: AllocPacket };
    expect(cipher.allocPacket).not.toBe(original.allocPacket);
    for (const payload of [0, 1, 2, 10, 11, 12, 13, 14, 15, 16, 17, 100, 20_000, 32_768 + 9]) {
      const [ours, theirs] = [cipher.allocPacket(payload), original.allocPacket.call(cipher, payload)];
      expect([ours.length, ours.readUInt32BE(0), ours[4]]).toEqual([theirs.length, theirs.readUInt32BE(0), theirs[4]]);
    }
  });

  test("never have the same padding twice", async () => {
    const { _cipher: cipher } = (await connect(name))._protocol;
    const paddings = Array.from({ length: 2000 }, () => {
      const packet = cipher.allocPacket(3);
      return packet.toString("hex", 8, 8 + (packet[4] as number));
    });
    expect(new Set(paddings).size).toBe(paddings.length);
  });
});

test("a packet keeps its memory until the socket has sent it", async () => {
  const message = randomBytes(12 * 1024 * 1024);
  const bench = await startBench({}, (duplex) => void duplex.end(message));
  // Packets wait in the sockets of the first connections while the next ones open.
  const duplexes = await Promise.all(Array.from({ length: 3 }, async () => (await bench.dial()).pause()));
  const received = await Promise.all(
    duplexes.map((duplex) => {
      const bytes = readBytes(duplex, message.length);
      duplex.resume();
      return bytes;
    }),
  );
  for (const bytes of received) expect(bytes.equals(message)).toBe(true);
});
