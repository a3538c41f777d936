import { randomBytes } from "node:crypto";
import type { Ledger, LedgerCall, LedgerEntry } from "./ledger.js";
import type { LedgerConfig } from "./ledger-options.js";
import { LedgerTable } from "./ledger-table.js";

/** A ledger of this process: it outlives connections. */
export class MemoryLedger implements Ledger {
  readonly id = randomBytes(16).toString("base64url");
  readonly keeps: number;
  readonly #table: LedgerTable;

  constructor(config: LedgerConfig) {
    this.keeps = config.keeps;
    this.#table = new LedgerTable(config);
  }

  begin(call: LedgerCall): LedgerEntry {
    return this.#table.begin(call);
  }

  forget(identity: string, keys: readonly string[]): void {
    for (const key of keys) this.#table.forget(identity, key);
  }

  async close(): Promise<void> {
    this.#table.close();
  }
}
