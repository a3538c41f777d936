import { describe, expect, it } from "vitest";
import { logObserver } from "../../../../../runtime/src/observe/log-observer.js";
import { guardConfig } from "../../../../../runtime/src/ssh/admission/guard-config.js";
import { KnownAddresses } from "../../../../../runtime/src/ssh/admission/known-addresses.js";
import { RefusalReports } from "../../../../../runtime/src/ssh/admission/refusal-reports.js";
import { sourceOf } from "../../../../../runtime/src/ssh/admission/source.js";
import { SourceCounts } from "../../../../../runtime/src/ssh/admission/source-counts.js";
import { sourceList } from "../../../../../runtime/src/ssh/admission/source-list.js";
import { SourcePenalties } from "../../../../../runtime/src/ssh/admission/source-penalties.js";
import { type Startup, Startups } from "../../../../../runtime/src/ssh/admission/startups.js";
import { offeredKex } from "../../../../../runtime/src/ssh/algorithms.js";
import { AddressPatterns } from "../../../../../runtime/src/ssh/keys/lists/address-patterns.js";
import { TestLog } from "../support.js";

describe("the limits of a server", () => {
  it("has a default for every limit", () => {
    const { isExempt, isProxy, ...numbers } = guardConfig({});
    expect(numbers).toEqual({
      loginGrace: 30_000,
      maxConnections: 1024,
      maxStartups: { start: 100, rate: 30, full: 400 },
      perSource: { address: 128, network: 512 },
      penalties: {
        authFail: 5000,
        noAuth: 1000,
        graceExceeded: 10_000,
        protocolError: 10_000,
        min: 15_000,
        max: 600_000,
      },
      knownAddressTtl: 300_000,
      maxPreAuthBytes: 131_072,
      maxRefusals: 1000,
      maxRequests: 4096,
      maxSendBuffer: 33_554_432,
      rekeyBytes: 1_073_741_824,
      rekeyInterval: 3_600_000,
      rekeyTimeout: 30_000,
      keepaliveInterval: 30_000,
      keepaliveCountMax: 3,
      idleTimeout: 3_600_000,
      chosen: { kex: false, cipher: false, hmac: false },
      kex: offeredKex(),
    });
    expect(["127.0.0.1", "127.9.9.9", "::1", "192.0.2.1"].map(isExempt)).toEqual([true, true, true, false]);
    expect(isProxy("127.0.0.1")).toBe(false);
  });

  it("names an option out of its range", () => {
    expect(() => guardConfig({ maxStartups: { start: 10, full: 5 } })).toThrow(
      "option maxStartups.full: 5 is not an integer from 10",
    );
    expect(() => guardConfig({ maxStartups: { rate: 101 } })).toThrow(
      /^option maxStartups\.rate: 101 is not an integer/,
    );
    expect(() => guardConfig({ perSource: { address: 0 } })).toThrow(/^option perSource\.address: 0 is not an integer/);
    expect(() => guardConfig({ penalties: { graceExceeded: -1 } })).toThrow(
      /^option penalties\.graceExceeded: -1 is not an integer/,
    );
    expect(() => guardConfig({ rekeyBytes: 1000 })).toThrow(/^option rekeyBytes: 1000 is not an integer from 1048576$/);
    expect(() => guardConfig({ maxPreAuthBytes: Number.NaN })).toThrow(
      /^option maxPreAuthBytes: NaN is not an integer/,
    );
    expect(guardConfig({ penalties: false }).penalties).toBeUndefined();
    // ssh2 treats 0 as its own default; the longest timeout stands for none.
    expect(guardConfig({ keepaliveInterval: 0 }).keepaliveInterval).toBe(2 ** 31 - 1);
  });
});

describe("maxStartups", () => {
  const LIMITS = { start: 2, rate: 30, full: 4 };

  class TestStartup implements Startup {
    reason: string | undefined;

    constructor(
      readonly network: string,
      readonly since: number,
      readonly host: string = network,
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

  it("evicts none of a host with few connections in that network", () => {
    const startups = new Startups({ start: 3, rate: 100, full: 3 });
    const honest = new TestStartup("many", 0, "honest");
    const first = new TestStartup("many", 1, "attacker");
    for (const each of [honest, first, new TestStartup("many", 2, "attacker")]) startups.add(each);
    expect(startups.add(new TestStartup("many", 2000, "attacker"))).toBeUndefined();
    expect(honest.reason).toBeUndefined();
    expect(first.reason).toMatch(/maxStartups/);
  });

  it("evicts the latest of a host with more connections than that of the new one, also within its head start", () => {
    const startups = new Startups({ start: 3, rate: 100, full: 3 });
    const all = [0, 1, 2].map((since) => new TestStartup("net", since, "attacker"));
    for (const each of all) startups.add(each);
    expect(startups.add(new TestStartup("net", 3, "attacker"))).toMatch(/maxStartups/);
    expect(startups.add(new TestStartup("net", 4, "honest"))).toBeUndefined();
    expect(all.map(({ reason }) => reason !== undefined)).toEqual([false, false, true]);
    // Now one has two connections, and the other would have as many.
    expect(startups.add(new TestStartup("net", 5, "honest"))).toMatch(/maxStartups/);
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
});

describe("the source of a connection", () => {
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
        `option proxyProtocol: "${entry}" is not an address or a network such as 10.0.0.0/8`,
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
    expect(() => sourceList("proxyProtocol", [entry])).toThrow(`option proxyProtocol: ${reason}`);
    expect(() => guardConfig({ exemptSources: [entry] })).toThrow(`option exemptSources: ${reason}`);
    expect(() => new AddressPatterns(entry)).toThrow(`write ${network} for the network`);
    expect(sourceList("x", [network, `${address}`])(sourceOf(`${address}`).address)).toBe(true);
  });

  it("rejects an address with a zone", () => {
    expect(() => sourceList("exemptSources", ["fe80::1%eth0"])).toThrow(
      'option exemptSources: "fe80::1%eth0" is not an address',
    );
  });
});

describe("the penalties of a source", () => {
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
});

describe("the list of addresses that have logged in", () => {
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
});

describe("the reports of refused connections", () => {
  it("reports the first refusals of a period, then the number of the omitted ones", () => {
    const log = new TestLog();
    const reports = new RefusalReports(logObserver(log).observer);
    const refusal = { address: "192.0.2.7:1", reason: "full" };
    for (let index = 0; index < 1000; index++) reports.add(refusal, index);
    expect(log.with("connection refused")).toHaveLength(20);
    expect(log.lines[0]).toEqual({ level: "warn", message: "connection refused", fields: refusal });
    reports.add(refusal, 10_000);
    expect(log.lines.at(-2)).toEqual({ level: "warn", message: "more connections refused", fields: { omitted: 980 } });
    expect(log.lines.at(-1)?.message).toBe("connection refused");
    reports.flush();
    expect(log.lines).toHaveLength(22);
  });
});
