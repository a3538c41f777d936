import { expect, it } from "vitest";
import { guardConfig } from "../../../../../runtime/src/ssh/admission/guard-config.js";

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
    maxSendBuffer: 33_554_432,
    rekeyBytes: 1_073_741_824,
    rekeyInterval: 3_600_000,
    rekeyTimeout: 30_000,
    keepaliveInterval: 30_000,
    keepaliveCountMax: 3,
    idleTimeout: 0,
    chosen: { kex: false, cipher: false, hmac: false },
  });
  expect(["127.0.0.1", "127.9.9.9", "::1", "192.0.2.1"].map(isExempt)).toEqual([true, true, true, false]);
  expect(isProxy("127.0.0.1")).toBe(false);
});

it("names an option out of its range", () => {
  expect(() => guardConfig({ maxStartups: { start: 10, full: 5 } })).toThrow(
    "option maxStartups.full: 5 is not an integer from 10",
  );
  expect(() => guardConfig({ maxStartups: { rate: 101 } })).toThrow(/^option maxStartups\.rate: 101 is not an integer/);
  expect(() => guardConfig({ perSource: { address: 0 } })).toThrow(/^option perSource\.address: 0 is not an integer/);
  expect(() => guardConfig({ penalties: { graceExceeded: -1 } })).toThrow(
    /^option penalties\.graceExceeded: -1 is not an integer/,
  );
  expect(() => guardConfig({ rekeyBytes: 1000 })).toThrow(/^option rekeyBytes: 1000 is not an integer from 1048576$/);
  expect(() => guardConfig({ maxPreAuthBytes: Number.NaN })).toThrow(/^option maxPreAuthBytes: NaN is not an integer/);
  expect(guardConfig({ penalties: false }).penalties).toBeUndefined();
  // ssh2 treats 0 as its own default; the longest timeout stands for none.
  expect(guardConfig({ keepaliveInterval: 0 }).keepaliveInterval).toBe(2 ** 31 - 1);
});
