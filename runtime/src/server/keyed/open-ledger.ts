import { checkNumber } from "../../base/check-number.js";
import { OptionError } from "../../base/check-options.js";
import type { Logger } from "../../base/log.js";
import { MAX_LEDGER_ID } from "../../wire/hello.js";
import { FileLedger } from "../ledger/file/file-ledger.js";
import type { Ledger } from "../ledger/ledger.js";
import { LEDGER_DEFAULTS, type LedgerOptions, ledgerConfig } from "../ledger/ledger-options.js";
import { MemoryLedger } from "../ledger/memory-ledger.js";
import { DetachedCalls } from "./detached-calls.js";
import type { ServerLedger } from "./run-once.js";

interface LedgerSetup {
  readonly ledger?: false | LedgerOptions | Ledger;
  readonly log: Logger;
}

/** Opens the ledger of a server; undefined for none. @throws OptionError */
export function openLedger({ ledger: options = {}, log }: LedgerSetup): ServerLedger | undefined {
  if (options === false) return undefined;
  const ledger = isLedger(options) ? checkLedger(options) : newLedger(options, log);
  const { resumeGrace } = isLedger(options) ? LEDGER_DEFAULTS : ledgerConfig(options);
  return {
    ledger,
    detached: new DetachedCalls(ledger.keeps, resumeGrace),
    uploads: new Map(),
    isLasting: !(ledger instanceof MemoryLedger),
  };
}

function newLedger(options: LedgerOptions, log: Logger): Ledger {
  const config = ledgerConfig(options);
  return options.file === undefined ? new MemoryLedger(config) : new FileLedger(options.file, config, log);
}

/** Clients ignore what they cannot read of a HELLO, so a malformed ledger must not be announced. @throws OptionError */
function checkLedger(ledger: Ledger): Ledger {
  const { id, keeps } = ledger;
  if (typeof id !== "string" || id === "" || id.length > MAX_LEDGER_ID)
    throw new OptionError(`option ledger: its id must be a text of 1 to ${MAX_LEDGER_ID} characters`);
  checkNumber("ledger.keeps", keeps, 1);
  return ledger;
}

function isLedger(options: LedgerOptions | Ledger): options is Ledger {
  return "begin" in options;
}
