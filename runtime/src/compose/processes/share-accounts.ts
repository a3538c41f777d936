import type { KeyAccount } from "../../base/accounts/key-account.js";
import { type Held, HOLDS_NOTHING } from "../../base/accounts/quotas.js";
import type { ServerAccount } from "../../base/accounts/server-account.js";
import type { Siblings } from "../../base/siblings.js";

/** Milliseconds between two messages about what keys hold: in this time the processes know nothing of each other. */
const INTERVAL = 20;

const TOPIC = "accounts";

/** What a key holds in one process, and the calls that it has begun there since the last message. */
type Change = readonly [identity: string, held: Held, begun: number];

/**
 * Counts what keys hold in all processes: each tells the others of changes, every 20 ms. So the limits of a key may be exceeded by what it
 * takes in other processes within 20 ms.
 * @returns the function that ends it
 */
export function shareAccounts(accounts: ServerAccount, siblings: Siblings): () => void {
  const told = new Map<string, Held>();
  const others = new Map<number, Map<string, Held>>();
  const update = (identity: string): void => {
    let sum = HOLDS_NOTHING;
    for (const held of others.values()) sum = add(sum, held.get(identity) ?? HOLDS_NOTHING);
    accounts.setElsewhere(identity, sum);
  };
  const timer = setInterval(() => {
    const changes = changesOf(accounts.keys, told);
    if (changes.length > 0) siblings.publish(TOPIC, changes);
  }, INTERVAL).unref();
  siblings.subscribe(TOPIC, (body, from) => {
    const known = others.get(from) ?? new Map<string, Held>();
    others.set(from, known);
    for (const [identity, held, begun] of body as readonly Change[]) {
      if (isNothing(held)) known.delete(identity);
      else known.set(identity, held);
      update(identity);
      if (begun > 0) accounts.begunElsewhere(identity, begun);
    }
  });
  siblings.onJoin((process) => {
    const all = [...told].map(([identity, held]): Change => [identity, held, 0]);
    if (all.length > 0) siblings.publish(TOPIC, all, process);
  });
  siblings.onLeave((process) => {
    const known = others.get(process);
    others.delete(process);
    for (const identity of known?.keys() ?? []) update(identity);
  });
  return () => clearInterval(timer);
}

function changesOf(keys: ReadonlyMap<string, KeyAccount>, told: Map<string, Held>): readonly Change[] {
  const changes: Change[] = [];
  for (const [identity, key] of keys) {
    const held = key.held;
    const begun = key.takeBegun();
    const before = told.get(identity) ?? HOLDS_NOTHING;
    if (begun === 0 && isSame(held, before)) continue;
    changes.push([identity, held, begun]);
    if (isNothing(held)) told.delete(identity);
    else told.set(identity, held);
  }
  return changes;
}

function add(a: Held, b: Held): Held {
  return {
    connections: a.connections + b.connections,
    calls: a.calls + b.calls,
    callbacks: a.callbacks + b.callbacks,
    bytes: a.bytes + b.bytes,
  };
}

function isSame(a: Held, b: Held): boolean {
  return a.connections === b.connections && a.calls === b.calls && a.callbacks === b.callbacks && a.bytes === b.bytes;
}

function isNothing(held: Held): boolean {
  return isSame(held, HOLDS_NOTHING);
}
