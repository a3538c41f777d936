import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { Turn } from "../../../../runtime/src/base/accounts/turns.js";
import { RpcError } from "../../../../runtime/src/contract/rpc-error.js";
import { ConnectionFlow } from "../../../../runtime/src/wire/flow/connection-flow.js";
import { FrameWriter } from "../../../../runtime/src/wire/frame-writer.js";
import { ItemSender } from "../../../../runtime/src/wire/item-sender.js";
import type { ItemSource } from "../../../../runtime/src/wire/iterator-of.js";
import { pumpItems } from "../../../../runtime/src/wire/pump-items.js";
import { failure, until, within } from "../support/wait.js";
import { Collector } from "./frames.js";

const GONE = new RpcError("CANCELLED", "gone");
const NEVER = new Promise<never>(() => undefined);

function pump(
  source: unknown,
  credit = 1000,
  encode: (item: unknown) => string | Uint8Array = (item) => `${item}`,
  turn?: Turn,
) {
  const received = new Collector();
  const sender = new ItemSender(new FrameWriter((chunk) => void received.push(chunk)), {
    id: 7,
    credit,
    maxItem: 1000,
    flow: new ConnectionFlow(undefined, () => undefined),
  });
  const reasons: unknown[] = [];
  const onAbort = (error: unknown): void => void reasons.push(error);
  const result = pumpItems(source as ItemSource<unknown>, encode, sender, { onAbort, turn });
  result.catch(() => undefined);
  return { result, sender, reasons, sent: () => received.frames.map(({ payload }) => `${payload}`) };
}

/** A source that records the calls of its iterator. */
function watched(more: Partial<AsyncIterator<unknown>> = {}) {
  const asked: string[] = [];
  const iterator = {
    next: () => {
      asked.push("next");
      return more.next?.() ?? Promise.resolve({ done: false, value: asked.length });
    },
    return: () => {
      asked.push("return");
      return more.return?.() ?? Promise.resolve({ done: true, value: undefined });
    },
  };
  return { asked, source: { [Symbol.asyncIterator]: () => iterator } };
}

test("a source with all its items at hand does not take the event loop from others: it is read in turns", async () => {
  let isOver = false;
  const items = (function* () {
    for (let item = 0; item < 200 && !isOver; item++) {
      for (const end = performance.now() + 1; performance.now() < end; );
      yield item;
    }
  })();
  const { result, sender } = pump(items, 1_000_000, undefined, new Turn());
  await new Promise((resolve) => setImmediate(resolve));
  expect(sender.items).toBeLessThan(200);
  isOver = true;
  await result;
});

describe("items are read", () => {
  test.each([
    ["an array", () => [1, 2, 3]],
    ["a set", () => new Set([1, 2, 3])],
    ["promises", () => [1, Promise.resolve(2), 3]],
    [
      "a generator",
      function* () {
        yield* [1, 2, 3];
      },
    ],
    [
      "an async generator",
      async function* () {
        yield* [1, 2, 3];
      },
    ],
    ["a Node stream", () => PassThrough.from([1, 2, 3])],
    [
      "a web stream",
      () =>
        new ReadableStream({
          start(controller) {
            for (const item of [1, 2, 3]) controller.enqueue(item);
            controller.close();
          },
        }),
    ],
  ])("from %s", async (_, source) => {
    const { result, sent } = pump(source());
    await within("the end", result);
    await until("the items", () => sent().length === 3);
    expect(sent()).toEqual(["1", "2", "3"]);
  });

  test("only when the next one can be sent, and the return value of the source is the result", async () => {
    let asked = 0;
    const { result, sender } = pump(
      (async function* () {
        for (; asked < 5; asked++) yield "x";
        return "done";
      })(),
      30,
    );
    await until("a full window", () => asked === 2);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(asked).toBe(2);
    sender.grant(11);
    await until("one more", () => asked === 3);
    sender.grant(1000);
    expect(await within("the end", result)).toBe("done");
  });

  test("without blocking the event loop, also if they are endless and empty", async () => {
    const { result, sender } = pump(
      (function* () {
        for (;;) yield "";
      })(),
      1000,
      () => new Uint8Array(),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    sender.close(GONE);
    expect(await failure(result)).toBe(GONE);
  });
});

describe("a source", () => {
  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a number", 7],
    ["a text", "text"],
    ["a plain object", {}],
    ["an object whose iterator is undefined", { [Symbol.asyncIterator]: undefined }],
    ["a function", () => [1]],
  ])("that is %s is rejected", async (_, source) => {
    const error = await failure<Error>(pump(source).result);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/^items must be an async iterable or an iterable, not /);
  });

  test("that throws is not returned, and its error is the reason", async () => {
    const boom = new Error("boom");
    const { asked, source } = watched({ next: () => Promise.reject(boom) });
    const { result, reasons } = pump(source);
    expect(await failure(result)).toBe(boom);
    expect(asked).toEqual(["next"]);
    expect(reasons).toEqual([]);
  });

  test("whose item cannot be sent is returned, and the reason is reported at once, even if its `return` never settles", async () => {
    const wrong = new Error("wrong");
    const { asked, source } = watched({ return: () => NEVER });
    const { reasons } = pump(source, 1000, () => {
      throw wrong;
    });
    await until("the reason", () => reasons.length === 1);
    expect(reasons).toEqual([wrong]);
    expect(asked).toEqual(["next", "return"]);
  });

  test("that throws in its `return` does not change the reason", async () => {
    const wrong = new Error("wrong");
    for (const leave of [
      () => Promise.reject(new Error("in return")),
      () => {
        throw new Error("in return");
      },
    ]) {
      const { source } = watched({ return: leave });
      const { result } = pump(source, 1000, () => {
        throw wrong;
      });
      expect(await failure(result)).toBe(wrong);
    }
  });

  test("is returned when the call ends while it waits for credit, and its `finally` block is awaited", async () => {
    let cleaned = false;
    let clean = (): void => undefined;
    const { result, sender } = pump(
      (async function* () {
        try {
          for (;;) yield "x";
        } finally {
          await new Promise<void>((resolve) => {
            clean = resolve;
          });
          cleaned = true;
        }
      })(),
      5,
    );
    await new Promise((resolve) => setTimeout(resolve, 2));
    sender.close(GONE);
    let over = false;
    result.catch(() => {
      over = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(over).toBe(false);
    clean();
    expect(await failure(result)).toBe(GONE);
    expect(cleaned).toBe(true);
  });

  test("that was never started is returned, too", async () => {
    const { asked, source } = watched();
    const { result, sender } = pump(source, 0);
    sender.close(GONE);
    expect(await failure(result)).toBe(GONE);
    expect(asked).toEqual(["return"]);
  });

  test("that waits for data is released at once: a Node stream", async () => {
    const stream = new PassThrough();
    const { result, sender } = pump(stream);
    await new Promise((resolve) => setTimeout(resolve, 2));
    sender.close(GONE);
    await failure(result);
    expect(stream.destroyed).toBe(true);
  });

  test("that was read to its end is unlocked: a web stream", async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue("1");
        controller.close();
      },
    });
    await within("the end", pump(stream).result);
    expect(stream.locked).toBe(false);
  });

  test("that waits for data is released at once: a web stream", async () => {
    let cancelled = false;
    const { result, sender } = pump(
      new ReadableStream({
        cancel() {
          cancelled = true;
        },
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 2));
    sender.close(GONE);
    await within(
      "the end",
      result.catch(() => undefined),
    );
    expect(cancelled).toBe(true);
  });
});
