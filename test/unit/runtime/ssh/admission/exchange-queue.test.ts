import { expect, test } from "vitest";
import { ExchangeQueue } from "../../../../../runtime/src/ssh/admission/exchange-queue.js";
import { sourceOf } from "../../../../../runtime/src/ssh/admission/source.js";

/** A queue in which an exchange of the first source has used up the current slice. */
function busyQueue() {
  const queue = new ExchangeQueue();
  const order: string[] = [];
  const add = (address: string, name: string, isExpensive = true) =>
    queue.add({ source: sourceOf(address), isExpensive, run: () => void order.push(name) });
  const end = performance.now() + 6;
  queue.add({
    source: sourceOf("192.0.2.1"),
    isExpensive: true,
    run: () => {
      while (performance.now() < end);
    },
  });
  return { add, order };
}

test("networks take turns, and the hosts of one network", async () => {
  const { add, order } = busyQueue();
  for (const count of [1, 2, 3]) add("192.0.2.1", `first host ${count}`);
  for (const count of [1, 2]) add("192.0.2.2", `second host ${count}`);
  for (const count of [1, 2]) add("198.51.100.1", `other network ${count}`);
  await expect
    .poll(() => order)
    .toEqual([
      "first host 1",
      "other network 1",
      "second host 1",
      "other network 2",
      "first host 2",
      "second host 2",
      "first host 3",
    ]);
});

test("an exchange on a curve does not wait for those of Diffie-Hellman", () => {
  const { add, order } = busyQueue();
  add("192.0.2.1", "group18");
  add("192.0.2.1", "curve25519", false);
  expect(order).toEqual(["curve25519"]);
});

test("the exchange of a closed connection does not run", async () => {
  const { add, order } = busyQueue();
  const cancel = add("192.0.2.1", "closed");
  add("192.0.2.1", "open");
  const last = add("198.51.100.1", "closed, too");
  cancel();
  last();
  await expect.poll(() => order).toEqual(["open"]);
});
