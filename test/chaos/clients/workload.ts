import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../unit/runtime/wire/random.js";
import { ENTRY, PAYMENT, UPLOAD } from "../history/effect.js";
import type { Called } from "../history/journal.js";
import { numberOf, pick } from "../random.js";
import type { Calls, How } from "./calls.js";

/** The mean pause of a worker between two calls, in ms. */
const PAUSE = 150;
/** The mean pause between two uploads, in ms. */
const UPLOAD_PAUSE = 4000;

/** What a worker needs. */
export interface Setup {
  readonly calls: Calls;
  readonly random: Random;
  /** Distinguishes the intents of this worker from all others. */
  readonly name: string;
  /** The user of the caller. Each user has its own keys. */
  readonly user: string;
  /** The first part of keys that the caller gives: all clients give the same ones. */
  readonly keys: string;
  /** Aborts when no further call shall be made. */
  readonly stop: AbortSignal;
}

/** Repeats the calls with a given key whose outcome an earlier process did not learn. */
export async function repeat(calls: Calls, open: readonly Called[]): Promise<void> {
  await Promise.all(
    open.map(async ({ method, intent, key = "", expect }) => {
      if (intent === undefined || expect !== undefined) return;
      const how = { key: key.slice(key.indexOf("/") + 1) };
      if (method === ENTRY) await calls.entry(intent, how);
      else if (method === PAYMENT) await calls.payment(intent, how);
      else if (method === UPLOAD) await calls.upload(intent, how);
    }),
  );
}

/** Makes one call after another until it is stopped. */
export async function work({ calls, random, name, user, keys, stop }: Setup): Promise<void> {
  let number = 0;
  let revision = 0;
  const next = (): string => `${name}.${++number}`;
  const kinds = [
    [30, () => calls.entry(next(), drawHow(random))],
    [15, () => calls.payment(next(), drawHow(random))],
    [15, () => repeated(calls, random, { user, key: `${keys}.${++number}` })],
    [25, () => calls.setting(name, ++revision, drawHow(random))],
    [12, () => calls.read(name)],
    [3, () => misused(calls, next())],
  ] as const;
  while (!stop.aborted) {
    await pick<() => Promise<unknown>>(random, kinds)();
    await pause(random.below(2 * PAUSE), stop);
  }
}

/** Makes one upload after another until it is stopped. */
export async function upload({ calls, random, name, stop }: Setup): Promise<void> {
  for (let number = 1; !stop.aborted; number++) {
    const file = `${name}.${number}`;
    await calls.upload(file, { key: file });
    await pause(random.below(2 * UPLOAD_PAUSE), stop);
  }
}

/** Most calls wait for their end; some are cancelled, some have little time. */
function drawHow(random: Random): How {
  return pick<() => How>(random, [
    [92, () => ({})],
    [4, () => ({ cancelAfter: random.below(100) })],
    [4, () => ({ timeout: 1 + random.below(300) })],
  ])();
}

/** Several calls with one key: at once, or one after the other, also after the key's outcome is known. */
async function repeated(
  calls: Calls,
  random: Random,
  { user, key }: { readonly user: string; readonly key: string },
): Promise<void> {
  // All clients of the user that give this key send the same request to the same method.
  const intent = `${user}/${key}`;
  const times = 2 + random.below(2);
  const call = numberOf(key) % 2 === 0 ? calls.entry.bind(calls) : calls.payment.bind(calls);
  if (random.below(2) === 0) {
    await Promise.all(Array.from({ length: times }, () => call(intent, { key })));
    return;
  }
  for (let time = 0; time < times; time++) {
    await call(intent, { key, ...drawHow(random) });
    await sleep(random.below(500));
  }
}

/** Another request with a key whose outcome is known. */
async function misused(calls: Calls, intent: string): Promise<void> {
  const key = `misused.${intent}`;
  const status = await calls.entry(intent, { key });
  if (status === "OK") await calls.entry(`${intent}.other`, { key, expect: "BAD_REQUEST" });
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
}
