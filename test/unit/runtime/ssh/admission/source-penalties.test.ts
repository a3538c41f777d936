import { expect, it } from "vitest";
import { SourcePenalties } from "../../../../../runtime/src/ssh/admission/source-penalties.js";

const LENGTHS = {
  authFail: 5000,
  noAuth: 1000,
  graceExceeded: 10_000,
  protocolError: 10_000,
  min: 15_000,
  max: 60_000,
};

it("blocks a host once its penalties add up to the minimum", () => {
  const penalties = new SourcePenalties(LENGTHS);
  penalties.penalize("a", "authFail", 0);
  penalties.penalize("a", "authFail", 0);
  expect(penalties.remaining("a", 0)).toBe(0);
  penalties.penalize("a", "authFail", 0);
  expect(penalties.remaining("a", 1)).toBe(14_999);
  expect(penalties.remaining("b", 1)).toBe(0);
  // Until the end, also when less than the minimum remains.
  expect(penalties.remaining("a", 14_999)).toBe(1);
  expect(penalties.remaining("a", 15_000)).toBe(0);
});

it("forgets failures in the distant past", () => {
  const penalties = new SourcePenalties(LENGTHS);
  for (let now = 0; now < 100_000; now += 6000) penalties.penalize("a", "authFail", now);
  expect(penalties.remaining("a", 100_000)).toBe(0);
});

it("blocks a host for the maximum at most", () => {
  const penalties = new SourcePenalties(LENGTHS);
  for (let index = 0; index < 100; index++) penalties.penalize("a", "protocolError", 0);
  expect(penalties.remaining("a", 0)).toBe(60_000);
});

it("keeps 65,536 hosts by default", () => {
  const penalties = new SourcePenalties(LENGTHS);
  for (let host = 0; host <= 65_536; host++) penalties.penalize(`${host}`, "graceExceeded", 0);
  expect(penalties.size).toBe(65_536);
});

it("keeps a bounded number of hosts, those that failed last", () => {
  const penalties = new SourcePenalties({ ...LENGTHS, min: 0 }, 3);
  for (const host of ["a", "b", "c"]) penalties.penalize(host, "graceExceeded", 0);
  penalties.penalize("a", "graceExceeded", 0);
  penalties.penalize("d", "graceExceeded", 0);
  expect(penalties.size).toBe(3);
  expect(["a", "b", "c", "d"].map((host) => penalties.remaining(host, 0) > 0)).toEqual([true, false, true, true]);
});

it("ignores a failure whose penalty is 0", () => {
  const penalties = new SourcePenalties({ ...LENGTHS, noAuth: 0, min: 0 });
  penalties.penalize("a", "noAuth", 0);
  expect(penalties.size).toBe(0);
});
