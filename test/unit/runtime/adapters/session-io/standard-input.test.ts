import { expect, test } from "vitest";
import { readInputItems } from "../../../../../runtime/src/adapters/session-io/input-json.js";
import { StandardInput } from "../../../../../runtime/src/adapters/session-io/standard-input.js";
import { duplexPair } from "../../../../../runtime/src/base/memory-transport.js";
import { failure, within } from "../../support/wait.js";

async function collect(chunks: readonly Buffer[], limit = 100): Promise<unknown[]> {
  const items: unknown[] = [];
  const source = (async function* () {
    yield* chunks;
  })();
  for await (const item of readInputItems(source, limit)) items.push(item.value);
  return items;
}

test("splits lines wherever the chunks are cut", async () => {
  const text = Buffer.from('"é"\n{"a":[1]}\r\n\n  \n2');
  const expected = ["é", { a: [1] }, 2];
  expect(await collect([text])).toEqual(expected);
  expect(await collect([...text].map((byte) => Buffer.from([byte])))).toEqual(expected);
  for (let at = 0; at <= text.length; at++) {
    expect(await collect([text.subarray(0, at), text.subarray(at)])).toEqual(expected);
  }
});

test("accepts chunks whose memory is reused", async () => {
  const memory = Buffer.alloc(3);
  const source = (async function* () {
    for (const text of ['"ab', 'cd"', "\n42"]) {
      memory.write(text);
      yield memory;
    }
  })();
  const items: unknown[] = [];
  for await (const item of readInputItems(source, 100)) items.push(item.value);
  expect(items).toEqual(["abcd", 42]);
});

test("limits the length of a line, also of one that never ends", async () => {
  expect(await failure(collect([Buffer.from(`1\n"${"x".repeat(200)}`)]))).toMatchObject({
    status: "MESSAGE_TOO_LARGE",
    message: "standard input, line 2: longer than the limit of 100 bytes (limits.message)",
  });
  expect(await collect([Buffer.from(`"${"x".repeat(98)}"\n1`)])).toHaveLength(2);
  expect(await failure(collect([Buffer.from(`1\n2\n"${"x".repeat(99)}"\n`)]))).toMatchObject({
    message: "standard input, line 3: longer than the limit of 100 bytes (limits.message)",
  });
});

test("an input can be closed while it waits, and the other direction continues", async () => {
  const [near, far] = duplexPair();
  const input = new StandardInput(near);
  const next = input.next();
  await input.return();
  expect(await within("the end", next)).toEqual({ done: true, value: undefined });
  near.write("still here");
  expect(String(await within("an answer", new Promise((resolve) => far.once("data", resolve))))).toBe("still here");
});

test("an input that closes before its end throws", async () => {
  const [near, far] = duplexPair();
  near.on("error", () => undefined);
  const input = new StandardInput(near);
  far.write("some");
  expect(String((await input.next()).value)).toBe("some");
  const next = failure(input.next());
  far.destroy();
  expect(await next).toMatchObject({ status: "CANCELLED" });
});

test("a slow reader stops the sender", async () => {
  const [near, far] = duplexPair();
  const input = new StandardInput(near);
  await Promise.resolve();
  far.write("first");
  await input.next();
  let written = 0;
  const write = (): void =>
    void far.write(Buffer.alloc(64 * 1024), (error) => {
      written++;
      if (!error) write();
    });
  write();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(20);
  far.on("error", () => undefined);
  near.destroy();
});
