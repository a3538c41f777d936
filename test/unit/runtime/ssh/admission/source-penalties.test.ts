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

it("keeps a host out once its penalties have added up to the least that counts", () => {
  const box = new SourcePenalties(LENGTHS);
  box.penalize("a", "authFail", 0);
  box.penalize("a", "authFail", 0);
  expect(box.left("a", 0)).toBe(0);
  box.penalize("a", "authFail", 0);
  expect(box.left("a", 1)).toBe(14_999);
  expect(box.left("b", 1)).toBe(0);
  // Until the very end, also when less than the least is left.
  expect(box.left("a", 14_999)).toBe(1);
  expect(box.left("a", 15_000)).toBe(0);
});

it("forgives what is long ago", () => {
  const box = new SourcePenalties(LENGTHS);
  for (let now = 0; now < 100_000; now += 6000) box.penalize("a", "authFail", now);
  expect(box.left("a", 100_000)).toBe(0);
});

it("keeps nobody out for longer than the most", () => {
  const box = new SourcePenalties(LENGTHS);
  for (let index = 0; index < 100; index++) box.penalize("a", "protocolError", 0);
  expect(box.left("a", 0)).toBe(60_000);
});

it("remembers 65,536 hosts where nothing is said", () => {
  const box = new SourcePenalties(LENGTHS);
  for (let host = 0; host <= 65_536; host++) box.penalize(`${host}`, "graceExceeded", 0);
  expect(box.size).toBe(65_536);
});

it("remembers a bounded number of hosts, those that offended last", () => {
  const box = new SourcePenalties({ ...LENGTHS, min: 0 }, 3);
  for (const host of ["a", "b", "c"]) box.penalize(host, "graceExceeded", 0);
  box.penalize("a", "graceExceeded", 0);
  box.penalize("d", "graceExceeded", 0);
  expect(box.size).toBe(3);
  expect(["a", "b", "c", "d"].map((host) => box.left(host, 0) > 0)).toEqual([true, false, true, true]);
});

it("does not count an offence that costs nothing", () => {
  const box = new SourcePenalties({ ...LENGTHS, noAuth: 0, min: 0 });
  box.penalize("a", "noAuth", 0);
  expect(box.size).toBe(0);
});
