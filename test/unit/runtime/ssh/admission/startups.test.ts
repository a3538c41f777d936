import { expect, it } from "vitest";
import { Startups, type Waiting } from "../../../../../runtime/src/ssh/admission/startups.js";

const LIMITS = { start: 2, rate: 30, full: 4 };

class Waiter implements Waiting {
  reason: string | undefined;

  constructor(
    readonly network: string,
    readonly since: number,
  ) {}

  refuse(reason: string): void {
    this.reason = reason;
  }
}

const waiting = (network: string, since: number) => new Waiter(network, since);

it("lets everybody in up to start, and from there on by chance, up to full", () => {
  let random = 0.999;
  const startups = new Startups(LIMITS, () => random);
  for (let index = 0; index < 4; index++) expect(startups.enter(waiting("a", 0))).toBeUndefined();
  expect(startups.count).toBe(4);
  expect(startups.enter(waiting("a", 0))).toMatch(/^4 connections have not logged in \(maxStartups\)$/);

  const lucky = new Startups(LIMITS, () => random);
  lucky.enter(waiting("a", 0));
  lucky.enter(waiting("a", 0));
  random = 0.29;
  expect(lucky.enter(waiting("a", 0))).toMatch(/maxStartups/);
  random = 0.31;
  expect(lucky.enter(waiting("a", 0))).toBeUndefined();
  // Halfway from start to full, halfway from the rate to certainty.
  random = 0.64;
  expect(lucky.enter(waiting("a", 0))).toMatch(/maxStartups/);
});

it("sends the oldest away from where most come, rather than somebody who has just come", () => {
  const startups = new Startups(LIMITS, () => 0);
  const [oldest, older] = [waiting("many", 0), waiting("many", 1)];
  expect(startups.enter(oldest)).toBeUndefined();
  expect(startups.enter(older)).toBeUndefined();
  const guest = waiting("few", 1000);
  expect(startups.enter(guest)).toBeUndefined();
  expect(oldest.reason).toMatch(/maxStartups/);
  expect(older.reason).toBeUndefined();
  expect(startups.count).toBe(2);
  // Now each network has one, and the first of them has had its time.
  expect(startups.enter(waiting("few", 1500))).toBeUndefined();
  expect(older.reason).toMatch(/maxStartups/);
});

it("refuses the new one while nobody has had a second", () => {
  const startups = new Startups({ start: 1, rate: 100, full: 1 });
  const first = waiting("a", 500);
  startups.enter(first);
  expect(startups.enter(waiting("b", 1499))).toMatch(/maxStartups/);
  expect(first.reason).toBeUndefined();
  expect(startups.enter(waiting("b", 1500))).toBeUndefined();
});

it("counts nobody twice who leaves", () => {
  const startups = new Startups(LIMITS);
  const one = waiting("a", 0);
  startups.enter(one);
  startups.leave(one);
  startups.leave(one);
  expect(startups.count).toBe(0);
});
