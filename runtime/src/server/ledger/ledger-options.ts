import { MAX_TIMEOUT } from "../../base/check-number.js";
import { OptionError } from "../../base/check-options.js";
import { wrongNumber } from "../../base/wrong-type.js";

/** The ledger of a server: see the option `ledger`. */
export interface LedgerOptions {
  /**
   * A file, so that the ledger outlives the process; it is created if it does not exist. One server at a time uses it. A record is synced
   * before the handler of a call starts, and before its caller is answered. Default: in memory.
   */
  readonly file?: string;
  /** How long the outcome of a call is kept after it ended, in ms. Default: 600,000. */
  readonly keeps?: number;
  /** Calls with a key that run, or whose outcome is kept, of all keys together. Default: 100,000. */
  readonly maxEntries?: number;
  /** Bytes of memory of these. Default: 64 MiB. */
  readonly maxBytes?: number;
  /** As `maxEntries`, of one key (as for `perKey`). Default: 20,000. */
  readonly maxKeyEntries?: number;
  /** As `maxBytes`, of one key. Default: 16 MiB. */
  readonly maxKeyBytes?: number;
  /** How long the request stream of a call waits for its caller after a lost connection, in ms; then it fails. Default: 60,000. */
  readonly resumeGrace?: number;
}

/** The options with their defaults. */
export type LedgerConfig = Required<Omit<LedgerOptions, "file">>;

/** The defaults of {@link LedgerOptions}. */
export const LEDGER_DEFAULTS: LedgerConfig = {
  keeps: 600_000,
  maxEntries: 100_000,
  maxBytes: 64 * 1024 * 1024,
  maxKeyEntries: 20_000,
  maxKeyBytes: 16 * 1024 * 1024,
  resumeGrace: 60_000,
};

/** Applies the defaults. @throws OptionError */
export function ledgerConfig(options: LedgerOptions): LedgerConfig {
  const config = { ...LEDGER_DEFAULTS };
  for (const name of Object.keys(LEDGER_DEFAULTS) as (keyof LedgerConfig)[]) {
    const value = options[name];
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 1 || value > MAX_TIMEOUT)
      throw new OptionError(`option ledger.${name}: ${wrongNumber(value, `an integer from 1 to ${MAX_TIMEOUT}`)}`);
    config[name] = value;
  }
  return config;
}
