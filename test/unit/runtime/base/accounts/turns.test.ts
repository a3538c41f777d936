import { expect, test } from "vitest";
import { Turn } from "../../../../../runtime/src/base/accounts/turns.js";

test("small items of a stream do not pause one by one while another stream of the key waits, and 4 KiB of them do", async () => {
  const turn = new Turn();
  let hasContinued = false;
  turn.wait(() => {
    hasContinued = true;
  });
  let items = 0;
  let pause: Promise<void> | undefined;
  while (pause === undefined && items < 1000) {
    pause = turn.pass(10);
    items += 1;
  }
  expect(items).toBeGreaterThan(4);
  expect(items).toBeLessThanOrEqual(20);
  await pause;
  expect(hasContinued).toBe(true);
});
