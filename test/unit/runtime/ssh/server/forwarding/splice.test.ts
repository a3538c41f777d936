import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { duplexPair } from "../../../../../../runtime/src/base/memory-transport.js";
import { splice } from "../../../../../../runtime/src/ssh/server/forwarding/splice.js";
import { readText } from "../../support.js";

/** Two duplex pairs that are joined in the middle. */
function joined() {
  const [near, left] = duplexPair();
  const [right, far] = duplexPair();
  for (const end of [near, left, right, far]) end.on("error", () => {});
  splice(left, right);
  return { near, left, right, far };
}

it("copies each direction to its end", async () => {
  const { near, far } = joined();
  near.end("question");
  expect(await readText(far)).toBe("question");
  far.end("answer");
  expect(await readText(near)).toBe("answer");
});

it("destroys one side when the other is destroyed, in either direction", async () => {
  for (const [cut, other] of [
    ["near", "far"],
    ["far", "near"],
  ] as const) {
    const ends = joined();
    ends[cut].destroy();
    await expect.poll(() => ends[other].destroyed).toBe(true);
  }
});

it("destroys one side when the other fails", async () => {
  const [near, left] = duplexPair();
  near.on("error", () => {});
  const broken = new PassThrough();
  splice(left, broken);
  broken.destroy(new Error("broken"));
  await expect.poll(() => near.destroyed).toBe(true);
});
