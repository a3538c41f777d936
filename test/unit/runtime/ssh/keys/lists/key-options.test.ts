import { describe, expect, it } from "vitest";
import { formatExpiryTime, parseExpiryTime } from "../../../../../../runtime/src/ssh/keys/format/expiry-time.js";
import { AddressPatterns } from "../../../../../../runtime/src/ssh/keys/lists/address-patterns.js";
import { matchesPatternList, matchesWildcard } from "../../../../../../runtime/src/ssh/keys/lists/wildcard.js";

describe("expiry-time", () => {
  it.each([
    ["20300102", new Date(2030, 0, 2).getTime()],
    ["203001020304", new Date(2030, 0, 2, 3, 4).getTime()],
    ["20300102030405", new Date(2030, 0, 2, 3, 4, 5).getTime()],
    ["20300102Z", Date.UTC(2030, 0, 2)],
    ["203001020304utc", Date.UTC(2030, 0, 2, 3, 4)],
    ["20300102030405z", Date.UTC(2030, 0, 2, 3, 4, 5)],
    ["20280229Z", Date.UTC(2028, 1, 29)],
  ])("parses %s", (text, time) => {
    expect(parseExpiryTime(text)).toBe(time);
  });

  it.each([
    "",
    "2030",
    "2030010",
    "2030-01-02",
    "20300102T0304",
    "20300229",
    "20301301",
    "203001022400",
    "203001020060",
    "00000101Z",
    "19691231Z",
    "20300102+01",
  ])("rejects %j", (text) => {
    expect(() => parseExpiryTime(text)).toThrow(`invalid time "${text}"; it takes a time such as 20301231`);
  });

  it("formats what it parses", () => {
    const time = Date.UTC(2030, 0, 2, 3, 4, 5);
    expect(formatExpiryTime(time + 678)).toBe("20300102030405Z");
    expect(parseExpiryTime(formatExpiryTime(time))).toBe(time);
  });
});

describe("from", () => {
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
});

describe("a pattern", () => {
  it.each([
    ["edge", "edge", true],
    ["edge", "xedge", false],
    ["edge", "edgex", false],
    ["edge", "edg", false],
    ["edge", "", false],
    ["", "edge", false],
    ["", "", true],
    ["*edge", "xedge", true],
    ["*edge", "edgex", false],
    ["edge*", "edge", true],
    ["edge*", "edgex", true],
    ["edge*", "xedge", false],
    ["?edge", "xedge", true],
    ["?edge", "edge", false],
    ["*.edge", ".edge", true],
    ["*.edge", "edge", false],
    ["e*g*", "edge", true],
    ["e*g", "edge", false],
    ["e.ge", "edge", false],
    ["*", "", true],
  ])("%j and %j match: %j", (pattern, text, isMatch) => {
    expect(matchesWildcard(pattern, text)).toBe(isMatch);
    expect(matchesPatternList(pattern, text)).toBe(isMatch);
  });

  it("a matching negated pattern overrides the others, in any position", () => {
    expect(matchesPatternList("edge*,!edge2", "edge1")).toBe(true);
    expect(matchesPatternList("edge*,!edge2", "edge2")).toBe(false);
    expect(matchesPatternList("!edge2,edge*", "edge2")).toBe(false);
    expect(matchesPatternList("!edge2", "edge1")).toBe(false);
  });
});
