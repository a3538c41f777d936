import { expect, test } from "vitest";
import { MAX_TIMEOUT } from "../../../../../runtime/src/base/check-number.js";
import { inherit } from "../../../../../runtime/src/client/call/call-options.js";

const parent = (left: number, metadata: [string, string[]][] = []) => ({
  signal: new AbortController().signal,
  deadline: Date.now() + left,
  metadata: new Map(metadata),
});

test("an inner call has the remaining time, or its own timeout if that is shorter", () => {
  expect(inherit({}, parent(5000), 30_000).timeout).toBeGreaterThan(4000);
  expect(inherit({}, parent(5000), 30_000).timeout).toBeLessThanOrEqual(5000);
  expect(inherit({ timeout: 50 }, parent(5000), 30_000).timeout).toBe(50);
  expect(inherit({}, parent(5000), 70).timeout).toBe(70);
});

test("a deadline beyond the maximum timer delay does not limit an inner call", () => {
  expect(inherit({}, parent(MAX_TIMEOUT * 2), undefined).timeout).toBeUndefined();
  expect(inherit({}, parent(Number.POSITIVE_INFINITY), undefined).timeout).toBeUndefined();
  expect(inherit({ timeout: 50 }, parent(MAX_TIMEOUT * 2), undefined).timeout).toBe(50);
});

test("an inner call inherits the trace headers that it does not set, and no other header", () => {
  const outer = parent(5000, [
    ["traceparent", ["00-a-b-01"]],
    ["authorization", ["secret"]],
  ]);
  expect(inherit({}, outer, 1).metadata).toEqual({ traceparent: ["00-a-b-01"] });
  for (const name of ["traceparent", "Traceparent"]) {
    expect(inherit({ metadata: { [name]: "own" } }, outer, 1).metadata).toEqual({ [name]: "own" });
  }
});

test("an invalid signal is passed on, so that the call refuses it", () => {
  const signal = {} as AbortSignal;
  expect(inherit({ signal }, parent(5000), 1).signal).toBe(signal);
});

test("an inner call is cancelled by the outer one and by its own signal", () => {
  const [outer, own] = [new AbortController(), new AbortController()];
  const both = () => inherit({ signal: own.signal }, { ...parent(5000), signal: outer.signal }, 1).signal;
  expect(both()?.aborted).toBe(false);
  own.abort();
  expect(both()?.aborted).toBe(true);
  outer.abort();
  expect(inherit({}, { ...parent(5000), signal: outer.signal }, 1).signal?.aborted).toBe(true);
});
