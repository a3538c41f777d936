import type { LedgerCall, LedgerEntry, LedgerOutcome, NewEntry } from "./ledger.js";
import { type KeyRoom, type LedgerBounds, LedgerRoom } from "./ledger-room.js";

/** Bytes of memory of an entry, beside its texts. */
const ENTRY_WEIGHT = 512;

/** The entries of one identity, by their keys. */
interface IdentityEntries extends KeyRoom {
  readonly identity: string;
  readonly byKey: Map<string, TableEntry>;
}

/** The call of an entry, without what only its begin needs. */
export type EntryCall = Omit<LedgerCall, "rerun">;

/** How a table keeps its entries. */
interface TableConfig extends LedgerBounds {
  /** How long an outcome is kept, in ms. */
  readonly keeps: number;
  /** The time of the ledger, in ms, which never jumps. Default: that of `performance.now()`. */
  readonly now?: () => number;
}

/** One call with its key. It leaves the table some time after it has ended, never while it runs. */
export class TableEntry implements NewEntry {
  readonly state = "new";
  /** Unique in its ledger. */
  readonly number: number;
  readonly call: EntryCall;
  readonly owner: IdentityEntries;
  #next: TableEntry | undefined;
  #ended: LedgerOutcome | "interrupted" | undefined;
  #at: number;
  #until = Number.POSITIVE_INFINITY;
  #weight: number;
  readonly #table: LedgerTable;
  #waiting: Promise<LedgerOutcome | undefined> | undefined;
  #resolve: ((outcome: LedgerOutcome | undefined) => void) | undefined;

  constructor(table: LedgerTable, number: number, owner: IdentityEntries, call: EntryCall) {
    this.#table = table;
    this.#at = table.now();
    this.number = number;
    this.owner = owner;
    this.call = call;
    this.#weight = ENTRY_WEIGHT + call.key.length + call.digest.length;
  }

  /** The entry of another method under the same key. */
  get next(): TableEntry | undefined {
    return this.#next;
  }

  /** What it ended with; undefined while it runs. */
  get ended(): LedgerOutcome | "interrupted" | undefined {
    return this.#ended;
  }

  /** When it began or ended, in the time of its ledger. */
  get at(): number {
    return this.#at;
  }

  /** When it leaves the table, in the time of its ledger. */
  get until(): number {
    return this.#until;
  }

  /** Bytes of memory that it takes. */
  get weight(): number {
    return this.#weight;
  }

  /** Places it before another entry of its key. */
  precede(next: TableEntry | undefined): void {
    this.#next = next;
  }

  /**
   * It has ended, and is kept for `keeps` ms.
   * @param at when it ended
   * @returns the bytes that its outcome takes
   */
  end(ended: LedgerOutcome | "interrupted", at: number, keeps: number): number {
    const bytes = ended === "interrupted" ? 0 : sizeOf(ended);
    this.#ended = ended;
    this.#at = at;
    this.#until = at + keeps;
    this.#weight += bytes;
    return bytes;
  }

  /** Resolves with the outcome of a call that runs; with undefined where it ends without one. */
  get outcome(): Promise<LedgerOutcome | undefined> {
    this.#waiting ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#waiting;
  }

  record(ended: LedgerOutcome | "interrupted"): void {
    this.#table.end(this, ended);
    this.#resolve?.(ended === "interrupted" ? undefined : ended);
  }

  release(): void {
    this.#table.remove(this);
    this.#resolve?.(undefined);
  }
}

/** The entries of a ledger, in memory. Its times are monotonic: a change of the system clock has no effect. */
export class LedgerTable {
  /** The time of the ledger, in ms. */
  readonly now: () => number;
  readonly #keeps: number;
  readonly #room: LedgerRoom;
  readonly #identities = new Map<string, IdentityEntries>();
  /** Those that have ended, in the order in which they leave. */
  readonly #ended = new Set<TableEntry>();
  #timer: NodeJS.Timeout | undefined;
  #next: number;

  /** @param next the number of the first entry */
  constructor({ keeps, now = () => performance.now(), ...bounds }: TableConfig, next = 1) {
    this.now = now;
    this.#keeps = keeps;
    this.#next = next;
    this.#room = new LedgerRoom(bounds);
  }

  /** See {@link Ledger.begin}. An entry that is new runs until it is recorded or released. */
  begin(call: LedgerCall): LedgerEntry | TableEntry {
    const { identity, method, key, digest, rerun } = call;
    const known = this.#find(identity, method, key);
    if (known !== undefined) {
      if (known.call.digest !== digest) return { state: "conflict" };
      if (known.ended === undefined) return { state: "running", outcome: known.outcome };
      if (known.ended !== "interrupted") return { state: "recorded", outcome: known.ended };
      if (!rerun) return { state: "interrupted" };
      this.remove(known);
    }
    const owner = this.#ownerOf(identity);
    const entry = new TableEntry(this, this.#next++, owner, call);
    this.#room.take(owner, entry.weight, this.#identities.size + (owner.entries === 0 ? 1 : 0));
    this.#add(entry);
    return entry;
  }

  /** Adds an entry of an earlier process; also if the ledger is full. Those that ended earlier come first. */
  restore(number: number, call: EntryCall, ended: LedgerOutcome | "interrupted", at: number): void {
    const owner = this.#ownerOf(call.identity);
    const entry = new TableEntry(this, number, owner, call);
    this.#room.hold(owner, entry.weight);
    this.#add(entry);
    this.end(entry, ended, at);
  }

  #ownerOf(identity: string): IdentityEntries {
    return this.#identities.get(identity) ?? { identity, byKey: new Map(), entries: 0, bytes: 0 };
  }

  #add(entry: TableEntry): void {
    const { owner, call } = entry;
    this.#identities.set(owner.identity, owner);
    entry.precede(owner.byKey.get(call.key));
    owner.byKey.set(call.key, entry);
  }

  /** The entry has ended: it is kept from then on as long as any. */
  end(entry: TableEntry, ended: LedgerOutcome | "interrupted", at = this.now()): void {
    if (entry.ended !== undefined) return;
    this.#room.add(entry.owner, entry.end(ended, at, this.#keeps));
    this.#ended.add(entry);
    this.#timer ??= setTimeout(this.#sweep, Math.max(1, entry.until - this.now())).unref();
  }

  /** Removes an entry. */
  remove(entry: TableEntry): void {
    const { owner, call } = entry;
    const first = owner.byKey.get(call.key);
    if (first === entry) {
      if (entry.next === undefined) owner.byKey.delete(call.key);
      else owner.byKey.set(call.key, entry.next);
    } else {
      let before = first;
      while (before !== undefined && before.next !== entry) before = before.next;
      if (before === undefined) return;
      before.precede(entry.next);
    }
    this.#ended.delete(entry);
    this.#room.give(owner, entry.weight);
    if (owner.byKey.size === 0) this.#identities.delete(owner.identity);
  }

  /**
   * Removes the entries of a key that have ended, of all methods.
   * @param removed called with each
   */
  forget(identity: string, key: string, removed?: (entry: TableEntry) => void): void {
    let entry = this.#identities.get(identity)?.byKey.get(key);
    for (; entry !== undefined; entry = entry.next) {
      if (entry.ended === undefined) continue;
      this.remove(entry);
      removed?.(entry);
    }
  }

  /** All entries: those that have ended first, in the order in which they leave. */
  *entries(): Iterable<TableEntry> {
    yield* this.#ended;
    for (const { byKey } of this.#identities.values()) {
      for (const first of byKey.values()) {
        for (let entry: TableEntry | undefined = first; entry !== undefined; entry = entry.next)
          if (entry.ended === undefined) yield entry;
      }
    }
  }

  /** Forgets everything. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #find(identity: string, method: string, key: string): TableEntry | undefined {
    let entry = this.#identities.get(identity)?.byKey.get(key);
    while (entry !== undefined && entry.call.method !== method) entry = entry.next;
    if (entry === undefined || entry.until > this.now()) return entry;
    this.remove(entry);
    return undefined;
  }

  /** Removes the entries whose time is over. */
  readonly #sweep = (): void => {
    const now = this.now();
    this.#timer = undefined;
    for (const entry of this.#ended) {
      if (entry.until > now) {
        this.#timer = setTimeout(this.#sweep, Math.max(1, entry.until - now)).unref();
        return;
      }
      this.remove(entry);
    }
  };
}

/** Bytes of memory of an outcome: a character may take two. */
function sizeOf({ body, headers = "", trailers = "" }: LedgerOutcome): number {
  return 2 * (body.length + headers.length + trailers.length);
}
