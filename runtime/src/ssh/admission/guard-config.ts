import { checkNumber, MAX_TIMEOUT } from "../../base/check-number.js";
import { type AlgorithmChoice, offeredKex } from "../algorithms.js";
import { MAX_SEND_BUFFER } from "../ssh2/packets/packet-guard.js";
import { REKEY_DEFAULTS } from "../ssh2/packets/rekey.js";
import type { GuardOptions, MaxStartups, Penalties, PerSource } from "./guard-options.js";
import { sourceList } from "./source-list.js";

/** The guard's options, checked, with defaults applied. */
export interface GuardConfig {
  readonly loginGrace: number;
  readonly maxConnections: number;
  readonly maxStartups: Required<MaxStartups>;
  readonly perSource: Required<PerSource>;
  readonly penalties: Required<Penalties> | undefined;
  readonly isExempt: (address: string) => boolean;
  readonly isProxy: (address: string) => boolean;
  readonly knownAddressTtl: number;
  readonly maxPreAuthBytes: number;
  readonly maxRefusals: number;
  readonly maxRequests: number;
  readonly maxSendBuffer: number;
  readonly rekeyBytes: number;
  readonly rekeyInterval: number;
  readonly rekeyTimeout: number;
  readonly keepaliveInterval: number;
  readonly keepaliveCountMax: number;
  readonly idleTimeout: number;
  readonly chosen: AlgorithmChoice;
  /** The key exchanges to offer, in the order of preference. */
  readonly kex: readonly string[];
}

/** The default of `maxConnections`. */
export const MAX_CONNECTIONS = 1024;

/** The defaults of {@link MaxStartups}. */
export const MAX_STARTUPS = { start: 100, rate: 30, full: 400 } as const;

/** The bytes that a client may need to authenticate. */
const MIN_PRE_AUTH_BYTES = 8192;

/**
 * Checks the options and applies their defaults.
 * @throws Error that names an option out of its range, its value, and the range
 */
export function guardConfig(options: GuardOptions): GuardConfig {
  const number = (name: NumericOption, fallback: number, min: number, max?: number) =>
    checkNumber(name, options[name] ?? fallback, min, max);
  const keepaliveInterval = number("keepaliveInterval", 30_000, 0, MAX_TIMEOUT);
  return {
    loginGrace: number("loginGrace", 30_000, 1, MAX_TIMEOUT),
    maxConnections: number("maxConnections", MAX_CONNECTIONS, 1),
    maxStartups: maxStartups(options.maxStartups ?? {}),
    perSource: {
      address: checkNumber("perSource.address", options.perSource?.address ?? 128, 1),
      network: checkNumber("perSource.network", options.perSource?.network ?? 512, 1),
    },
    penalties: options.penalties === false ? undefined : penalties(options.penalties ?? {}),
    isExempt: sourceList("exemptSources", options.exemptSources ?? ["127.0.0.0/8", "::1"]),
    isProxy: sourceList("proxyProtocol", options.proxyProtocol ?? []),
    knownAddressTtl: number("knownAddressTtl", 300_000, 0, MAX_TIMEOUT),
    maxPreAuthBytes: number("maxPreAuthBytes", 131_072, MIN_PRE_AUTH_BYTES),
    maxRefusals: number("maxRefusals", 1000, 1),
    maxRequests: number("maxRequests", 4096, 1),
    maxSendBuffer: number("maxSendBuffer", MAX_SEND_BUFFER, 1024 * 1024),
    rekeyBytes: number("rekeyBytes", REKEY_DEFAULTS.rekeyBytes, 1024 * 1024),
    rekeyInterval: number("rekeyInterval", REKEY_DEFAULTS.rekeyInterval, 1000, MAX_TIMEOUT),
    rekeyTimeout: number("rekeyTimeout", REKEY_DEFAULTS.rekeyTimeout, 1, MAX_TIMEOUT),
    // ssh2 treats 0 as its own default.
    keepaliveInterval: keepaliveInterval === 0 ? MAX_TIMEOUT : keepaliveInterval,
    keepaliveCountMax: number("keepaliveCountMax", 3, 1),
    idleTimeout: number("idleTimeout", 3_600_000, 0, MAX_TIMEOUT),
    chosen: {
      kex: options.algorithms?.kex !== undefined,
      cipher: options.algorithms?.cipher !== undefined,
      hmac: options.algorithms?.hmac !== undefined,
    },
    kex: offeredKex(options.algorithms),
  };
}

type NumericOption = {
  [Name in keyof GuardOptions]-?: NonNullable<GuardOptions[Name]> extends number ? Name : never;
}[keyof GuardOptions];

function maxStartups(given: MaxStartups): Required<MaxStartups> {
  const { start, rate, full } = { ...MAX_STARTUPS, ...given };
  checkNumber("maxStartups.start", start, 1);
  checkNumber("maxStartups.rate", rate, 1, 100);
  checkNumber("maxStartups.full", full, start);
  return { start, rate, full };
}

function penalties(given: Penalties): Required<Penalties> {
  const all = {
    authFail: 5000,
    noAuth: 1000,
    graceExceeded: 10_000,
    protocolError: 10_000,
    min: 15_000,
    max: 600_000,
    ...given,
  };
  for (const [name, value] of Object.entries(all)) checkNumber(`penalties.${name}`, value, 0, MAX_TIMEOUT);
  return all;
}
