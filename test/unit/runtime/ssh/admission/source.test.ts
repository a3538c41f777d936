import { expect, it } from "vitest";
import { guardConfig } from "../../../../../runtime/src/ssh/admission/guard-config.js";
import { sourceOf } from "../../../../../runtime/src/ssh/admission/source.js";
import { SourceCounts } from "../../../../../runtime/src/ssh/admission/source-counts.js";
import { sourceList } from "../../../../../runtime/src/ssh/admission/source-list.js";
import { AddressPatterns } from "../../../../../runtime/src/ssh/keys/lists/address-patterns.js";

it("identifies a host by its IPv4 address or its IPv6 /64 network", () => {
  expect(sourceOf("192.0.2.7")).toEqual({ address: "192.0.2.7", host: "192.0.2.7", network: "192.0.2.0/24" });
  expect(sourceOf("::ffff:192.0.2.7")).toEqual(sourceOf("192.0.2.7"));
  expect(sourceOf("2001:db8:1:2:3:4:5:6")).toMatchObject({ host: "2001:db8:1:2::/64", network: "2001:db8:1::/48" });
  expect(sourceOf("2001:DB8::0006")).toMatchObject({ host: "2001:db8:0:0::/64", network: "2001:db8:0::/48" });
  expect(sourceOf("fe80::1%eth0")).toMatchObject({ address: "fe80::1", host: "fe80:0:0:0::/64" });
  expect(sourceOf("64:ff9b::192.0.2.7").host).toBe("64:ff9b:0:0::/64");
  expect(sourceOf("::1").host).toBe("0:0:0:0::/64");
  expect(sourceOf("").host).toBe("");
});

it("reduces every spelling of an address to one", () => {
  for (const address of ["::ffff:c000:207", "::FFFF:C000:0207", "0:0:0:0:0:ffff:192.0.2.7"]) {
    expect(sourceOf(address)).toEqual(sourceOf("192.0.2.7"));
  }
  expect(sourceOf("2001:0DB8:0::0006")).toEqual(sourceOf("2001:db8::6"));
  expect(sourceOf("2001:DB8::6").address).toBe("2001:db8::6");
});

it("limits the connections of a host and of its network", () => {
  const counts = new SourceCounts({ address: 2, network: 3 });
  const [one, two] = [sourceOf("192.0.2.1"), sourceOf("192.0.2.2")];
  expect([counts.add(one), counts.add(one)]).toEqual([undefined, undefined]);
  expect(counts.add(one)).toBe("192.0.2.1 has 2 open connections (perSource.address)");
  expect(counts.add(two)).toBeUndefined();
  expect(counts.add(two)).toBe("192.0.2.0/24 has 3 open connections (perSource.network)");
  expect(counts.add(sourceOf("192.0.3.1"))).toBeUndefined();
  counts.remove(one);
  expect(counts.add(two)).toBeUndefined();
});

it("matches addresses and networks, and names an invalid entry", () => {
  const isListed = sourceList("x", ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
  expect(["10.1.2.3", "192.0.2.7", "2001:db8::1"].map(isListed)).toEqual([true, true, true]);
  expect(["11.0.0.1", "192.0.2.8", "2001:db9::1", "", "name"].map(isListed)).toEqual(Array(5).fill(false));
  expect(sourceList("x", [])("127.0.0.1")).toBe(false);
  expect(sourceList("x", ["::/0"])("192.0.2.7")).toBe(false);
  expect(sourceList("x", ["::ffff:192.0.2.7"])("192.0.2.7")).toBe(true);
  for (const entry of ["10.0.0.0/33", "10.0.0/8", "example.org", "", "10.0.0.0/8/8", "2001:db8::/129", "10.0.0.0/"]) {
    expect(() => sourceList("proxyProtocol", [entry])).toThrow(
      `the option proxyProtocol: "${entry}" is not an address or a network such as 10.0.0.0/8`,
    );
  }
});

it.each([
  ["10.0.0.5/8", "10.0.0.0/8"],
  ["192.0.2.129/25", "192.0.2.128/25"],
  ["10.0.0.1/0", "0.0.0.0/0"],
  ["2001:db8::1/32", "2001:db8::/32"],
  ["2001:DB8:ffff:ffff:1:2:3:4/47", "2001:db8:fffe::/47"],
  ["::ffff:10.0.0.5/104", "::ffff:a00:0/104"],
])("rejects %s, whose host bits are set, and suggests the network %s", (entry, network) => {
  const [address] = entry.split("/");
  const reason = `"${entry}" has host bits set: write ${network} for the network, or ${address} for the single address`;
  expect(() => sourceList("proxyProtocol", [entry])).toThrow(`the option proxyProtocol: ${reason}`);
  expect(() => guardConfig({ exemptSources: [entry] })).toThrow(`the option exemptSources: ${reason}`);
  expect(() => new AddressPatterns(entry)).toThrow(`write ${network} for the network`);
  expect(sourceList("x", [network, `${address}`])(sourceOf(`${address}`).address)).toBe(true);
});

it("rejects an address with a zone", () => {
  expect(() => sourceList("exemptSources", ["fe80::1%eth0"])).toThrow(
    'the option exemptSources: "fe80::1%eth0" is not an address',
  );
});
