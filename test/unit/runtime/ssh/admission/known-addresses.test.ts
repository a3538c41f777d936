import { expect, it } from "vitest";
import { KnownAddresses } from "../../../../../runtime/src/ssh/admission/known-addresses.js";

it("knows an address again for as long as it was told to, counted from when it was last seen", () => {
  const known = new KnownAddresses(300);
  expect(known.see("a", 0)).toBe(false);
  expect(known.see("a", 299)).toBe(true);
  expect(known.see("b", 300)).toBe(false);
  expect(known.see("a", 598)).toBe(true);
  expect(known.see("a", 898)).toBe(false);
  expect(known.size).toBe(1);
});

it("remembers 65,536 where nothing is said", () => {
  const known = new KnownAddresses(1000);
  for (let address = 0; address <= 65_536; address++) known.see(`${address}`, 0);
  expect(known.size).toBe(65_536);
});

it("remembers a bounded number, those seen last", () => {
  const known = new KnownAddresses(1000, 3);
  for (const address of ["a", "b", "c", "a", "d"]) known.see(address, 0);
  expect(known.size).toBe(3);
  expect(known.see("b", 1)).toBe(false);
});
