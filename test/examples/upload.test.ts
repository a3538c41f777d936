import { createHash } from "node:crypto";
import { createReadStream, readdirSync } from "node:fs";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../generated/client.js";
import { IS_FULL, rounds } from "../rounds.js";
import { within } from "../unit/runtime/support/wait.js";
import { type ExampleServer, Workplace } from "./support.js";

const MIB = 1024 * 1024;
const SIZE = IS_FULL ? 1024 * MIB : 24 * MIB;
const CUTS = rounds(20, 5);

/** A TCP proxy whose connections are cut. */
class CutProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  cuts = 0;

  constructor(port: () => number) {
    this.#server = createServer((near) => {
      const far = createConnection(port(), "127.0.0.1");
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket.setNoDelay(true));
        socket
          .on("error", () => undefined)
          .on("close", () => {
            this.#sockets.delete(socket);
            other.destroy();
          });
        socket.pipe(other);
      }
    }).listen(0, "127.0.0.1");
    onTestFinished(() => {
      this.cut();
      this.#server.close();
    });
  }

  async port(): Promise<number> {
    if (!this.#server.listening) await new Promise((resolve) => this.#server.once("listening", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** All connections are lost. */
  cut(): void {
    this.cuts += 1;
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The mebibyte with this number: no two are the same. */
function piece(number: number): Buffer {
  const bytes = Buffer.alloc(MIB);
  for (let at = 0; at < MIB; at += 4) bytes.writeUInt32LE(Math.imul(at + number * 31, 0x9e3779b1) >>> 0, at);
  return bytes;
}

async function sumOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

function* pieces(offset: number): Generator<Uint8Array> {
  for (let number = Math.floor(offset / MIB); number < SIZE / MIB; number++)
    yield piece(number).subarray(Math.max(0, offset - number * MIB));
}

test(`an upload of ${SIZE / MIB} MiB arrives once and whole through ${CUTS} cuts, a killed server, and one that shuts down`, {
  timeout: IS_FULL ? 600_000 : 120_000,
}, async () => {
  await using place = new Workplace();
  const flags = ["--ledger", `file:${place.path("ledger")}`, "--grace", "0"];
  let server: ExampleServer = await place.serve({ flags });
  const { port } = server;
  const restart = async (stop: () => Promise<void>): Promise<void> => {
    await stop();
    server = await place.serve({ port, flags });
  };
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.process.once("exit", () => resolve()).kill("SIGTERM");
    });
  const proxy = new CutProxy(() => port);
  place.trust(port, await proxy.port());
  const client = await connect(`ssh://alice@127.0.0.1:${await proxy.port()}`, {
    ...place.keys,
    reconnect: { minDelay: 10, maxDelay: 200 },
  });
  onTestFinished(() => client.close());
  /** What happens once so many bytes were read from the source. */
  const events = [
    ...Array.from({ length: CUTS }, (_, index) => ({ at: ((index + 1) * SIZE) / (CUTS + 1), run: () => proxy.cut() })),
    { at: SIZE * 0.37, run: () => void restart(() => server.kill()) },
    { at: SIZE * 0.71, run: () => void restart(stop) },
  ].sort((a, b) => a.at - b.at);
  const starts: number[] = [];
  const source = async function* (offset: number): AsyncGenerator<Uint8Array> {
    starts.push(offset);
    let at = offset;
    for (const bytes of pieces(offset)) {
      yield bytes;
      at += bytes.length;
      while (events[0] !== undefined && events[0].at <= at) events.shift()?.run();
    }
  };
  const expected = await sumOf(pieces(0));
  const receipt = await within("the upload", client.files.store({ name: "big", sha256: expected }, source), 540_000);
  expect(receipt).toEqual({ name: "big", bytes: SIZE, sha256: expected });
  expect(readdirSync(place.files)).toEqual(["big"]);
  expect(await sumOf(createReadStream(join(place.files, "big")))).toBe(expected);
  expect(events).toEqual([]);
  expect(starts.length).toBeGreaterThan(CUTS / 2);
  // It went on: what was read again is a small part.
  const read =
    SIZE + starts.slice(1).reduce((sum, start, index) => sum + Math.max(0, (starts[index] as number) - start), 0);
  expect(read).toBeLessThan(SIZE * 1.5);
  expect(starts.filter((start) => start === 0).length).toBeLessThan(3);
});
