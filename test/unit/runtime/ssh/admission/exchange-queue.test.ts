import { expect, onTestFinished, test, vi } from "vitest";
import { ExchangeQueue } from "../../../../../runtime/src/ssh/admission/exchange-queue.js";
import { sourceOf } from "../../../../../runtime/src/ssh/admission/source.js";

/** A queue in which an exchange of the first source has used up the current slice. */
function busyQueue() {
  const queue = new ExchangeQueue();
  const order: string[] = [];
  const add = (address: string, name: string, isExpensive = true) =>
    queue.add({ source: sourceOf(address), isExpensive, run: () => void order.push(name) });
  queue.add({
    source: sourceOf("192.0.2.1"),
    isExpensive: true,
    run: () => {
      const end = performance.now() + 6;
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

for (const [state, idle, expected] of [
  ["has other work", 0, 1],
  ["is idle", 1, 3],
] as const) {
  test(`exchanges on curves take a third of the time only if the event loop has other work: it ${state}`, () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let [now, idleTime, done] = [0, 0, 0];
    vi.spyOn(performance, "now").mockImplementation(() => now);
    vi.spyOn(performance, "eventLoopUtilization").mockImplementation(() => ({
      idle: idleTime,
      active: now,
      utilization: 0,
    }));
    onTestFinished(() => void vi.restoreAllMocks());
    const queue = new ExchangeQueue();
    const run = (): void => {
      done += 1;
      now += 6;
    };
    for (let at = 0; at < 3; at++) queue.add({ source: sourceOf("192.0.2.1"), isExpensive: false, run });
    for (let millisecond = 0; millisecond < 4; millisecond++) {
      now += 1;
      idleTime += idle;
      vi.advanceTimersByTime(1);
    }
    expect(done).toBe(expected);
  });
}

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
