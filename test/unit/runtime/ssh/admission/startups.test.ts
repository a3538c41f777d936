import { expect, it } from "vitest";
import { type Startup, Startups } from "../../../../../runtime/src/ssh/admission/startups.js";

const LIMITS = { start: 2, rate: 30, full: 4 };

class TestStartup implements Startup {
  reason: string | undefined;

  constructor(
    readonly network: string,
    readonly since: number,
  ) {}

  refuse(reason: string): void {
    this.reason = reason;
  }
}

const startup = (network: string, since: number) => new TestStartup(network, since);

it("admits every connection up to start, and with falling probability up to full", () => {
  let random = 0.999;
  const startups = new Startups(LIMITS, () => random);
  for (let index = 0; index < 4; index++) expect(startups.add(startup("a", 0))).toBeUndefined();
  expect(startups.count).toBe(4);
  expect(startups.add(startup("a", 0))).toMatch(/^4 unauthenticated connections \(maxStartups\)$/);

  const lucky = new Startups(LIMITS, () => random);
  lucky.add(startup("a", 0));
  lucky.add(startup("a", 0));
  random = 0.29;
  expect(lucky.add(startup("a", 0))).toMatch(/maxStartups/);
  random = 0.31;
  expect(lucky.add(startup("a", 0))).toBeUndefined();
  // Halfway from start to full: halfway from the rate to 100 percent.
  random = 0.64;
  expect(lucky.add(startup("a", 0))).toMatch(/maxStartups/);
});

it("evicts the oldest of the network with most connections", () => {
  const startups = new Startups(LIMITS, () => 0);
  const [oldest, older] = [startup("many", 0), startup("many", 1)];
  expect(startups.add(oldest)).toBeUndefined();
  expect(startups.add(older)).toBeUndefined();
  const guest = startup("few", 1000);
  expect(startups.add(guest)).toBeUndefined();
  expect(oldest.reason).toMatch(/maxStartups/);
  expect(older.reason).toBeUndefined();
  expect(startups.count).toBe(2);
  // Each network has one now, and the first of them is past its head start.
  expect(startups.add(startup("few", 1500))).toBeUndefined();
  expect(older.reason).toMatch(/maxStartups/);
});

it("refuses the new one while all others are within their head start", () => {
  const startups = new Startups({ start: 1, rate: 100, full: 1 });
  const first = startup("a", 500);
  startups.add(first);
  expect(startups.add(startup("b", 1499))).toMatch(/maxStartups/);
  expect(first.reason).toBeUndefined();
  expect(startups.add(startup("b", 1500))).toBeUndefined();
});

it("removes a connection once", () => {
  const startups = new Startups(LIMITS);
  const one = startup("a", 0);
  startups.add(one);
  startups.remove(one);
  startups.remove(one);
  expect(startups.count).toBe(0);
});
