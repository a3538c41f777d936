import { expect, it } from "vitest";
import { KnownAddresses } from "../../../../../runtime/src/ssh/admission/known-addresses.js";

it("keeps an address for its TTL after it was last seen", () => {
  const known = new KnownAddresses(300);
  expect(known.record("a", 0)).toBe(false);
  expect(known.record("a", 299)).toBe(true);
  expect(known.record("b", 300)).toBe(false);
  expect(known.record("a", 598)).toBe(true);
  expect(known.record("a", 898)).toBe(false);
  expect(known.size).toBe(1);
});

it("keeps 65,536 addresses by default", () => {
  const known = new KnownAddresses(1000);
  for (let address = 0; address <= 65_536; address++) known.record(`${address}`, 0);
  expect(known.size).toBe(65_536);
});

it("keeps a bounded number, the most recently seen ones", () => {
  const known = new KnownAddresses(1000, 3);
  for (const address of ["a", "b", "c", "a", "d"]) known.record(address, 0);
  expect(known.size).toBe(3);
  expect(known.record("b", 1)).toBe(false);
});
