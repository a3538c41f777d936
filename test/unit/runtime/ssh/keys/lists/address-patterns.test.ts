import { expect, it } from "vitest";
import { AddressPatterns } from "../../../../../../runtime/src/ssh/keys/lists/address-patterns.js";

it.each([
  ["2001:db8::/32", "2001:db8:1::7", true],
  ["2001:DB8::/32", "2001:db9::7", false],
  ["2001:db8::7", "2001:db8:0:0:0:0:0:7", true],
  ["2001:db8::7", "2001:db8::8", false],
  ["2001:db8:*", "2001:db8::7", true],
  ["::ffff:0:0/96", "192.0.2.7", false],
  ["64:ff9b::192.0.2.0/120", "64:ff9b::c000:207", true],
  ["fe80::/10", "fe80::1%eth0", true],
  ["fe80::/10", "FE80::1", true],
  ["::/0,!2001:db8::/33", "2001:db8:8000::", true],
  ["::/0,!2001:db8::/33", "2001:db8:7fff::", false],
  ["0.0.0.0/0", "2001:db8::7", false],
  ["192.0.2.0/31", "192.0.2.1", true],
  ["192.0.2.0/31", "192.0.2.2", false],
  ["192.0.2.1?", "192.0.2.10", true],
  ["*", "not an address", false],
])("%s of %s is %s", (list, address, allowed) => {
  expect(new AddressPatterns(list).allows(address)).toBe(allowed);
});

it.each([
  "2001:db8::7/32",
  "64:ff9b::192.0.2.1/120",
  "2001:db8::/129",
  "192.0.2.0/",
  "192.0.2.0/-1",
  "10.0.0.0/08",
  "010.0.0.1",
  "10.0.0.256",
  "192.0.2.0/24/24",
  "192.0.2.0 /24",
  "!",
  "a b",
])("rejects %s", (list) => {
  expect(() => new AddressPatterns(list)).toThrow(`"${list}"`);
});
