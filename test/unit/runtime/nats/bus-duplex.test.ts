import { randomBytes } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { BusDuplex } from "../../../../runtime/src/nats/link/bus-duplex.js";
import { closed, readBytes } from "../ssh/support.js";
import { until } from "../support/wait.js";

const LIMITS = { window: 64 * 1024, heartbeat: 20, silence: 10_000 };

/** How a bus passes a message on: as many times as the result says. The argument is its number in its direction. */
type Copies = (index: number) => number;

/** Two ends of a link, and the bytes that have passed from the first to the second. */
function link({
  up = () => 1,
  limits = LIMITS,
  maxMessage = 4096,
}: {
  up?: Copies;
  limits?: typeof LIMITS;
  maxMessage?: number;
}) {
  const state = { passed: 0, longest: 0 };
  let index = 0;
  const send = (to: () => BusDuplex, copies: Copies) => (message: Uint8Array) => {
    state.longest = Math.max(state.longest, message.length);
    for (let left = copies(index++); left > 0; left--) setImmediate(() => to().receive(message));
  };
  const end = (to: () => BusDuplex, copies: Copies): BusDuplex => {
    const duplex = new BusDuplex({ maxMessage, send: send(to, copies), close: () => undefined }, limits);
    duplex.on("error", () => undefined);
    onTestFinished(() => void duplex.destroy());
    return duplex;
  };
  const near: BusDuplex = end(() => far, up);
  const far: BusDuplex = end(
    () => near,
    () => 1,
  );
  return { near, far, state };
}

describe("a stream over the messages of a bus", () => {
  test("carries bytes in both directions, in messages below the limit of the bus, and ends", async () => {
    const { near, far, state } = link({});
    const [up, down] = [randomBytes(1_000_000), randomBytes(300_000)];
    const ends = Promise.all([closed(near), closed(far)]);
    near.write(up.subarray(0, 10));
    near.end(up.subarray(10));
    far.end(down);
    const [atFar, atNear] = await Promise.all([readBytes(far, up.length), readBytes(near, down.length)]);
    expect(atFar.equals(up) && atNear.equals(down)).toBe(true);
    near.resume();
    far.resume();
    expect(await ends).toEqual([undefined, undefined]);
    expect(state.longest).toBeLessThanOrEqual(4096);
  });

  test("stops its writer when a window of bytes is not taken, and goes on when it is", async () => {
    const { near, far } = link({});
    near.end(Buffer.alloc(500_000));
    await until("the window", () => near.bytesWritten >= LIMITS.window);
    const before = near.bytesWritten;
    expect(before).toBeLessThanOrEqual(LIMITS.window + far.readableHighWaterMark + 4096);
    expect((await readBytes(far, 500_000)).length).toBe(500_000);
  });

  test("drops messages that arrive twice", async () => {
    const { near, far } = link({ up: () => 2 });
    const sent = randomBytes(200_000);
    near.end(sent);
    expect((await readBytes(far, sent.length)).equals(sent)).toBe(true);
    expect(await closed(far.resume().end())).toBeUndefined();
  });

  test("ends with an error when a message is lost, also the last one", async () => {
    const { near, far } = link({ up: (index) => (index === 0 ? 0 : 1) });
    const ends = Promise.all([closed(near), closed(far)]);
    near.write("lost");
    const lost = { code: "ECONNRESET", message: "link over NATS: the bus lost a message" };
    expect(await ends).toMatchObject([{ code: "ECONNRESET" }, lost]);
  });

  test("ends when the other end is silent, or destroyed", async () => {
    const { far } = link({ up: () => 0, limits: { ...LIMITS, silence: 100 } });
    expect(await closed(far)).toMatchObject({ code: "ETIMEDOUT" });
    const other = link({});
    other.near.destroy();
    expect(await closed(other.far)).toMatchObject({ code: "ECONNRESET" });
  });

  test("ends for invalid messages: too short, of an unknown kind, beyond the window, or of bytes that were not sent", async () => {
    const header = (kind: number, number: number, taken: number) => {
      const bytes = Buffer.alloc(13);
      bytes.writeUInt8(kind, 0);
      bytes.writeUIntBE(number, 1, 6);
      bytes.writeUIntBE(taken, 7, 6);
      return bytes;
    };
    const invalid = [
      Buffer.alloc(12),
      header(9, 0, 0),
      Buffer.concat([header(0, 0, 0), Buffer.alloc(LIMITS.window * 4)]),
      header(2, 0, 1),
    ];
    for (const message of invalid) {
      const { far } = link({ up: () => 0 });
      const end = closed(far);
      far.receive(message);
      expect(await end).toMatchObject({ code: "EPROTO" });
    }
  });
});
