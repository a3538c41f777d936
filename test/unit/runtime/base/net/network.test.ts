import { expect, it } from "vitest";
import {
  canonicalAddress,
  formatAddress,
  ipv6Groups,
  NetworkSet,
  parseNetwork,
  unmapNetwork,
} from "../../../../../runtime/src/base/net/network.js";

it("formats IPv4 and IPv6 addresses by RFC 5952", () => {
  expect(formatAddress([192, 0, 2, 7])).toBe("192.0.2.7");
  expect(formatAddress(Buffer.from("20010db8000000000000000000000007", "hex"))).toBe("2001:db8::7");
  expect(canonicalAddress("2001:0DB8:0::0007")).toBe("2001:db8::7");
  expect(canonicalAddress("::FFFF:192.0.2.7")).toBe("192.0.2.7");
  expect(canonicalAddress("edge")).toBe("edge");
  expect(ipv6Groups("1::8")).toEqual(["1", "0", "0", "0", "0", "0", "0", "8"]);
  expect(ipv6Groups("1:2:3:4:5:6:7:8").join(":")).toBe("1:2:3:4:5:6:7:8");
});

it("converts an IPv4-mapped network to the IPv4 network, and leaves others unchanged", () => {
  const unmap = (text: string) => unmapNetwork(parseNetwork(text) as NonNullable<ReturnType<typeof parseNetwork>>);
  expect(unmap("::ffff:10.0.0.0/104")).toEqual({ address: "10.0.0.0", prefix: 8, family: "ipv4" });
  expect(unmap("::ffff:10.0.0.1")).toEqual({ address: "10.0.0.1", prefix: 32, family: "ipv4" });
  expect(unmap("::/0")).toEqual({ address: "::", prefix: 0, family: "ipv6" });
  expect(unmap("10.0.0.0/8")).toEqual({ address: "10.0.0.0", prefix: 8, family: "ipv4" });
});

it("keeps the families of a set apart", () => {
  const set = new NetworkSet();
  for (const text of ["10.0.0.0/8", "::ffff:192.0.2.0/120", "2001:db8::/32"]) {
    set.add(parseNetwork(text) as NonNullable<ReturnType<typeof parseNetwork>>);
  }
  expect(["10.1.2.3", "2001:db8::1", "192.0.2.7", "11.0.0.1", "", "edge"].map((text) => set.has(text))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

it.each(["10.0.0.0/08", "10.0.0.0/+8", "010.0.0.0/8", "010.0.0.1", "2001:db8::/032", "0.0.0.0/00"])(
  "rejects %s",
  (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  },
);
