import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions } from "sshrpc/client";
import type { ChaosClient } from "../generated/client.js";
import type { Done, Order } from "../generated/types.js";
import { contentOf, sizeOf } from "../history/content.js";
import { ENTRY, PAYMENT, READ, SETTING, UPLOAD } from "../history/effect.js";
import { type Called, ENOUGH_TIME } from "../history/journal.js";
import { numberOf } from "../random.js";
import type { CallJournal } from "./call-journal.js";

/** Bytes of an upload that leave at once, and the pause after them in ms, so that faults meet running uploads. */
const [PIECE, PACE] = [16_384, 20];
/** Characters of the longest response, so that the file of the ledger grows and is compacted. */
const MAX_PADDING = 24_000;

/** How one call is made. */
export interface How {
  /** The idempotency key; undefined for one that the client makes. */
  readonly key?: string | undefined;
  /** Timeout in ms. Default: {@link ENOUGH_TIME}. */
  readonly timeout?: number;
  /** The caller cancels the call after this time in ms. Default: never. */
  readonly cancelAfter?: number | undefined;
  /** See {@link Called.expect}. */
  readonly expect?: string;
}

/** The calls of one client, each with its lines in the journal. */
export class Calls {
  readonly #client: ChaosClient;
  readonly #journal: CallJournal;
  readonly #user: string;

  constructor(client: ChaosClient, journal: CallJournal, user: string) {
    this.#client = client;
    this.#journal = journal;
    this.#user = user;
  }

  entry(intent: string, how: How = {}): Promise<string> {
    return this.#store(ENTRY, this.#client.entries.store, { intent, how });
  }

  payment(intent: string, how: How = {}): Promise<string> {
    return this.#store(PAYMENT, this.#client.payments.store, { intent, how });
  }

  setting(name: string, revision: number, how: How = {}): Promise<string> {
    const intent = `${name}/${revision}`;
    return this.#make({ method: SETTING, intent, name, revision }, how, (options) =>
      this.#client.setting.update({ name, revision, order: orderOf(intent) }, options),
    );
  }

  read(name: string): Promise<string> {
    return this.#make({ method: READ, name }, {}, (options) => this.#client.setting.get({ name }, options));
  }

  upload(name: string, how: How = {}): Promise<string> {
    return this.#make({ method: UPLOAD, intent: name, name }, how, async (options) => {
      // Most sources are functions of the offset, and slow; some are a Blob.
      const isBlob = numberOf(name) % 4 === 0;
      const source = isBlob ? new Blob([contentOf(name)]) : (offset: number) => slowly(name, offset);
      return await this.#client.upload.store({ name, intent: name }, source, options);
    });
  }

  #store(
    method: string,
    call: (order: Order, options: CallOptions) => Promise<Done>,
    { intent, how }: { readonly intent: string; readonly how: How },
  ): Promise<string> {
    // Outcomes of given keys are kept: they are small.
    const padding = how.key === undefined ? numberOf(intent) % MAX_PADDING : 0;
    return this.#make({ method, intent }, how, async (options) => {
      const done = await call({ ...orderOf(intent), padding }, options);
      if (done.padding.length !== padding) throw new Error(`a padding of ${done.padding.length}, not ${padding}`);
      return done;
    });
  }

  #make(
    called: Pick<Called, "method" | "intent" | "name" | "revision">,
    { key, timeout = ENOUGH_TIME, cancelAfter, expect }: How,
    call: (options: CallOptions) => Promise<object>,
  ): Promise<string> {
    const full = {
      ...called,
      ...(key !== undefined && { key: `${this.#user}/${key}` }),
      ...(expect && { expect }),
      ...(cancelAfter !== undefined && { cancels: true as const }),
      timeout,
    };
    return this.#journal.call(full, async () => {
      const cancel = new AbortController();
      const timer = cancelAfter === undefined ? undefined : setTimeout(() => cancel.abort(), cancelAfter);
      try {
        return await call({ timeout, signal: cancel.signal, ...(key !== undefined && { idempotencyKey: key }) });
      } finally {
        clearTimeout(timer);
      }
    });
  }
}

/** The request of an intent: equal for all calls with it. Every tenth one is slow. */
function orderOf(intent: string): Order {
  const drawn = numberOf(intent);
  const longest = drawn % 10 === 0 ? 400 : 30;
  return { intent, before: (drawn >>> 8) % longest, after: (drawn >>> 16) % longest, padding: 0 };
}

/** The bytes of an upload from an offset, in pieces. */
async function* slowly(name: string, offset: number): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < sizeOf(name); at += PIECE) {
    yield contentOf(name, at, PIECE);
    await sleep(PACE);
  }
}
