import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { anySignal } from "../../../../../runtime/src/base/async/any-signal.js";
import { until } from "../../support/wait.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("fires at a timeout that nothing else refers to, also if garbage is collected before", async () => {
  const caller = new AbortController();
  const signal = (() => anySignal([caller.signal, AbortSignal.timeout(300)]))();
  // A later turn: what was made in this one is kept until its end.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  await until("the timeout", () => signal.aborted);
  expect(signal.reason).toMatchObject({ name: "TimeoutError" });
});

test("fires with the first of its signals, and its reason", () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const signal = anySignal([first.signal, second.signal]);
  second.abort("the second");
  first.abort("the first");
  expect(signal.reason).toBe("the second");
});
