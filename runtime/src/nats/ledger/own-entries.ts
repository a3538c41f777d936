import { type KeyRoom, type LedgerBounds, LedgerRoom } from "../../server/ledger/ledger-room.js";

/** Bytes of an entry in the bucket, beside its texts. */
const ENTRY_WEIGHT = 256;

/** An entry that this server has begun. */
interface OwnEntry {
  readonly identity: string;
  readonly key: string;
  /** Its key in the bucket. */
  readonly place: string;
}

interface Held {
  readonly entry: OwnEntry;
  bytes: number;
  revision: number | undefined;
}

interface Identity extends KeyRoom {
  readonly byKey: Map<string, Set<Held>>;
}

/** The entries that this server has begun, for its bounds, and to remove those whose callers have their outcomes. */
export class OwnEntries {
  readonly #room: LedgerRoom;
  readonly #keeps: number;
  readonly #identities = new Map<string, Identity>();
  readonly #held = new Map<OwnEntry, Held>();
  /** Those that have ended, with the time at which the bucket drops them. */
  readonly #ended = new Map<OwnEntry, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(bounds: LedgerBounds, keeps: number) {
    this.#room = new LedgerRoom(bounds);
    this.#keeps = keeps;
  }

  /** @throws RpcError RESOURCE_EXHAUSTED */
  add(entry: OwnEntry): void {
    const known = this.#identities.get(entry.identity);
    const owner = known ?? { byKey: new Map<string, Set<Held>>(), entries: 0, bytes: 0 };
    this.#room.take(owner, ENTRY_WEIGHT, this.#identities.size + (known ? 0 : 1));
    this.#identities.set(entry.identity, owner);
    const held: Held = { entry, bytes: ENTRY_WEIGHT, revision: undefined };
    const same = owner.byKey.get(entry.key);
    if (same) same.add(held);
    else owner.byKey.set(entry.key, new Set([held]));
    this.#held.set(entry, held);
  }

  /** The bucket has its outcome, of so many bytes. */
  end(entry: OwnEntry, bytes: number, revision: number | undefined): void {
    const held = this.#held.get(entry);
    const owner = this.#identities.get(entry.identity);
    if (held === undefined || owner === undefined) return;
    held.bytes += bytes;
    held.revision = revision;
    this.#room.add(owner, bytes);
    this.#ended.set(entry, performance.now() + this.#keeps);
    this.#timer ??= setTimeout(this.#sweep, this.#keeps).unref();
  }

  remove(entry: OwnEntry): void {
    const held = this.#held.get(entry);
    const owner = this.#identities.get(entry.identity);
    if (held === undefined || owner === undefined) return;
    this.#held.delete(entry);
    this.#ended.delete(entry);
    const same = owner.byKey.get(entry.key);
    same?.delete(held);
    if (same?.size === 0) owner.byKey.delete(entry.key);
    this.#room.give(owner, held.bytes);
    if (owner.byKey.size === 0) this.#identities.delete(entry.identity);
  }

  /** Removes those of a key that have ended. Returns their places in the bucket with their revisions. */
  forget(identity: string, key: string): readonly { readonly place: string; readonly revision: number }[] {
    const ended = [...(this.#identities.get(identity)?.byKey.get(key) ?? [])].filter(({ entry }) =>
      this.#ended.has(entry),
    );
    return ended.flatMap(({ entry, revision }) => {
      this.remove(entry);
      return revision === undefined ? [] : [{ place: entry.place, revision }];
    });
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  readonly #sweep = (): void => {
    const now = performance.now();
    this.#timer = undefined;
    for (const [entry, until] of this.#ended) {
      if (until > now) {
        this.#timer = setTimeout(this.#sweep, until - now).unref();
        return;
      }
      this.remove(entry);
    }
  };
}
