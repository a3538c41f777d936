import { once } from "node:events";
import type { Socket } from "node:net";
import ssh2, { type Client, type ClientChannel, type Connection, type ServerChannel } from "ssh2";
import { expect, onTestFinished, test } from "vitest";
import { generateEd25519 } from "../../../../../../runtime/src/ssh/keys/format/generate-ed25519.js";
import { PacketChannel } from "../../../../../../runtime/src/ssh/ssh2/channels/packet-channel.js";

const TIMEOUT = 10_000;

interface Pair {
  readonly channel: PacketChannel;
  /** The same channel at the client, and the sizes of the packets received there. */
  readonly far: ClientChannel;
  readonly packets: number[];
  readonly client: Client;
}

/** A direct-tcpip channel between a client and a server of ssh2; the server's end is under test. */
async function openPair(
  change: (channel: ServerChannel, connection: Connection) => void = () => {},
  packetSize?: number,
): Promise<Pair> {
  const server = new ssh2.Server({ hostKeys: [generateEd25519("host").privateKey] });
  const opened = new Promise<PacketChannel>((resolve) => {
    server.on("connection", (connection: Connection & { _sock: Socket }) => {
      connection.on("error", () => {}).on("authentication", (context) => context.accept());
      connection.on("tcpip", (accept) => {
        const channel = accept();
        change(channel, connection);
        const lost = () => new Error("lost");
        resolve(new PacketChannel(channel, { connection, socket: connection._sock, lost, server: true }, packetSize));
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new ssh2.Client();
  onTestFinished(() => {
    client.end();
    server.close();
  });
  client
    .on("error", () => {})
    .connect({ host: "127.0.0.1", port: (server.address() as { port: number }).port, username: "a" });
  await once(client, "ready");
  const far = await new Promise<ClientChannel>((resolve, reject) => {
    client.forwardOut("127.0.0.1", 0, "anywhere", 1, (error, channel) => (error ? reject(error) : resolve(channel)));
  });
  const packets: number[] = [];
  // ssh2 pushes each packet separately.
  const push = far.push.bind(far);
  far.push = (chunk) => {
    if (chunk !== null) packets.push(chunk.length);
    return push(chunk);
  };
  far.resume();
  const channel = await opened;
  channel.on("error", () => {});
  return { channel, far, packets, client };
}

/** The flow control of the peer, as ssh2 keeps it. */
function outgoing(channel: ServerChannel): { window: number; packetSize: number } {
  return (channel as unknown as { outgoing: { window: number; packetSize: number } }).outgoing;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("sends each packet in one message, also when many are sent at once", async () => {
  const { channel, packets } = await openPair();
  const sizes = [1, 32_768, 7, 32_767, 1000, 1000, 1000];
  await Promise.all(sizes.map((size) => channel.send(Buffer.alloc(size), TIMEOUT)));
  await until(() => packets.length === sizes.length);
  expect(packets).toEqual(sizes);
});

test("waits until the window has room for the whole packet", async () => {
  const { channel, packets } = await openPair();
  // The client's window is 2 MiB, and is adjusted when half of it is used.
  const sizes = Array.from({ length: 400 }, (_, at) => 32_768 - (at % 7) * 1111);
  await Promise.all(sizes.map((size) => channel.send(Buffer.alloc(size), TIMEOUT)));
  await until(() => packets.length === sizes.length);
  expect(packets).toEqual(sizes);
});

test("never sends part of a packet, and fails when its timeout is over", async () => {
  const { channel, far, packets } = await openPair();
  far.pause();
  let sent = 0;
  let error: unknown;
  try {
    for (; sent < 1000; sent++) await channel.send(Buffer.alloc(30_000), 1000);
  } catch (reason) {
    error = reason;
  }
  expect(String(error)).toContain("the peer's window has no room for 30000 bytes after 1000 ms");
  // The client adjusts its window of 2 MiB once, when half of it is used.
  expect(sent).toBe(Math.floor((3 * 1024 * 1024) / 30_000));
  // A packet that fits is still sent, and all are once the client reads again.
  await channel.send(Buffer.alloc(10), 1000);
  const late = channel.send(Buffer.alloc(30_000), TIMEOUT);
  far.resume();
  await late;
  await until(() => packets.length === sent + 2);
  expect(packets.slice(-3)).toEqual([30_000, 10, 30_000]);
});

test("rejects packets larger than the client's packet size or its initial window", async () => {
  const { channel } = await openPair((inner) => {
    outgoing(inner).packetSize = 1500;
  });
  expect(channel.maxPacket).toBe(1500);
  await expect(channel.send(Buffer.alloc(1501), TIMEOUT)).rejects.toThrow(
    "packet of 1501 bytes exceeds the peer's limit of 1500 bytes",
  );
  const { channel: narrow } = await openPair((inner) => {
    outgoing(inner).window = 1200;
  });
  expect(narrow.maxPacket).toBe(1200);
});

test("sends packets up to the requested size in one message, and none over 4 MiB", async () => {
  const mib = 1024 * 1024;
  const sent: number[] = [];
  // A client of ssh2 rejects packets over 35,000 bytes: they are counted, and not sent.
  const catchPackets = (channel: ServerChannel, connection: Connection): void => {
    outgoing(channel).window = 100 * mib;
    const { _protocol } = connection as unknown as { _protocol: { channelData(id: number, data: Buffer): void } };
    _protocol.channelData = (_, { length }) => void sent.push(length);
  };
  const { channel } = await openPair(catchPackets, 2 ** 32 - 1);
  expect(channel.maxPacket).toBe(4 * mib);
  const sizes = [1, 32_767, 32_768, 32_769, 150_000, mib, 4 * mib];
  await Promise.all(sizes.map((size) => channel.send(Buffer.alloc(size), TIMEOUT)));
  expect(sent).toEqual(sizes);
  await expect(channel.send(Buffer.alloc(4 * mib + 1), TIMEOUT)).rejects.toThrow(
    "packet of 4194305 bytes exceeds the limit of 4194304 bytes",
  );
  const { channel: smaller } = await openPair(catchPackets, 40_000);
  await expect(smaller.send(Buffer.alloc(40_001), TIMEOUT)).rejects.toThrow(
    "packet of 40001 bytes exceeds the peer's limit of 40000 bytes",
  );
});

test("fails pending packets when the client disconnects", async () => {
  const { channel, far, client } = await openPair();
  far.pause();
  const sends = Array.from({ length: 100 }, () => channel.send(Buffer.alloc(32_768), TIMEOUT));
  const settled = Promise.allSettled(sends);
  await sends[0];
  client.end();
  const results = await settled;
  expect(results.filter(({ status }) => status === "rejected").length).toBeGreaterThan(30);
});

test("fails pending packets when the channel is destroyed", async () => {
  const { channel, far } = await openPair();
  far.pause();
  const sends = Array.from({ length: 100 }, () => channel.send(Buffer.alloc(32_768), TIMEOUT));
  const settled = Promise.allSettled(sends);
  await sends[0];
  channel.destroy();
  expect((await settled).at(-1)).toMatchObject({ status: "rejected" });
  await expect(channel.send(Buffer.alloc(1), TIMEOUT)).rejects.toThrow();
});
