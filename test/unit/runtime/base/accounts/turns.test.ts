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

test("steps that wait again go on in the same turn of the event loop, until the 4 ms of their key are over", async () => {
  const turn = new Turn();
  let steps = 0;
  let stepsOfFirstTurn = 0;
  await new Promise<void>((resolve) => {
    const step = (): void => {
      steps += 1;
      if (stepsOfFirstTurn > 0) resolve();
      else turn.wait(step);
    };
    turn.wait(step);
    setImmediate(() =>
      setImmediate(() => {
        stepsOfFirstTurn = steps;
      }),
    );
  });
  expect(stepsOfFirstTurn).toBeGreaterThan(10);
});
