import { readFile, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { checkOptions, OptionError, type OptionTable, oneOf } from "../base/check-options.js";
import { errorMessage } from "../base/error-message.js";
import { type Logger, safeLogger } from "../base/log.js";
import { makeDirectory } from "../base/make-directory.js";
import { checkFileName } from "../base/printable.js";
import { checkedOptions } from "../contract/option-errors.js";
import { openBucket } from "./open-bucket.js";

/** Options of {@link natsKeyFiles}. */
export interface NatsKeyFilesOptions {
  /** A directory of this server alone, for the copies; it is created if it does not exist. */
  readonly directory: string;
  /** The name of the key-value bucket, which is created if it does not exist. Default: sshrpc_keys. */
  readonly bucket?: string;
  /** Receives lines about lists that cannot be read from NATS, or written. Default: none. */
  readonly log?: Logger | false;
}

const KEY_FILES_OPTIONS = {
  directory: oneOf("string"),
  bucket: oneOf("string"),
  log: true,
} satisfies OptionTable<NatsKeyFilesOptions>;

/** Copies of the lists of keys on NATS. Their owner closes them, after the server and before the connection. */
export interface NatsKeyFiles extends AsyncDisposable {
  /** The copy of `authorized_keys`, for the option `authorizedKeys`. */
  readonly authorizedKeys: string;
  /** The copy of `revoked_keys`, for the option `revokedKeys`. */
  readonly revokedKeys: string;
  /** Stops copying. The files stay, for a start without NATS. */
  close(): Promise<void>;
}

/** The keys of the bucket, and the names of the files. */
const LISTS = ["authorized_keys", "revoked_keys"] as const;

/** Milliseconds between two looks, where no message has announced a change. */
const LOOK_EVERY = 5000;

/** Milliseconds after the message of a change: it may arrive before the store has the change. */
const LOOKS_AFTER_CHANGE = [0, 100, 1000];

/** The values that are kept of each list, to look at earlier ones. */
const HISTORY = 5;

/**
 * Copies the lists of keys in a bucket of NATS to files, and copies each change at once: `authorized_keys` in the format of that file, and `revoked_keys` as
 * for the option `revokedKeys`. A server watches the files, so a key that is removed or revoked loses its connections within a second on all
 * servers. While NATS is away, the last lists stay in force, also for a server that starts. A list that the bucket never had is empty; one that is deleted from it becomes empty.
 * Programs that may write to the bucket decide who can log in: restrict it by permissions of NATS.
 * @throws RpcError BAD_REQUEST for an invalid option; Error where the directory cannot be written, or there are neither lists nor copies
 */
export async function natsKeyFiles(connection: NatsConnection, options: NatsKeyFilesOptions): Promise<NatsKeyFiles> {
  const { directory, bucket, log } = checkedOptions(() => checkKeyFilesOptions(options));
  makeDirectory(directory, 0o700);
  const copies = new KeyFiles({ connection, directory, bucket, log });
  await copies.start();
  return copies;
}

interface KeyFilesConfig {
  readonly connection: NatsConnection;
  readonly directory: string;
  readonly bucket: string;
  readonly log: Logger;
}

class KeyFiles implements NatsKeyFiles {
  readonly authorizedKeys: string;
  readonly revokedKeys: string;
  readonly #config: KeyFilesConfig;
  /** The revision of each list that was copied, and when it was written: a bucket that was made anew counts from 1. */
  readonly #revisions = new Map<string, string>();
  readonly #closed = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  #kv: KV | undefined;
  /** One look at a time. */
  #last: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(config: KeyFilesConfig) {
    this.#config = config;
    this.authorizedKeys = join(config.directory, LISTS[0]);
    this.revokedKeys = join(config.directory, LISTS[1]);
  }

  /** Copies the lists, and starts to watch them. */
  async start(): Promise<void> {
    const { connection, bucket, directory } = this.#config;
    try {
      await this.#copy();
    } catch (error) {
      const known = await Promise.allSettled(LISTS.map((list) => readFile(join(directory, list))));
      if (known.some(({ status }) => status === "rejected"))
        throw new Error(
          `cannot copy the lists of keys in the bucket ${bucket} of NATS to ${directory}: ${errorMessage(error)}`,
          { cause: error },
        );
      this.#report(error);
    }
    const changes = connection.subscribe(`$KV.${bucket}.*`, { callback: () => this.#lookSoon() });
    this.#closed.signal.addEventListener("abort", () => changes.unsubscribe());
    void this.#lookEvery();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#last;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #lookSoon(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const delay of LOOKS_AFTER_CHANGE) this.#timers.add(setTimeout(() => this.#look(), delay).unref());
  }

  async #lookEvery(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await sleep(LOOK_EVERY, undefined, { signal, ref: false }).catch(() => undefined);
      await this.#look();
    }
  }

  #look(): Promise<void> {
    this.#last = this.#last.then(async () => {
      if (this.#closed.signal.aborted) return;
      try {
        await this.#copy();
        this.#isFailing = false;
      } catch (error) {
        this.#report(error);
      }
    });
    return this.#last;
  }

  /** Copies the lists that have changed. */
  async #copy(): Promise<void> {
    const { connection, bucket, directory } = this.#config;
    this.#kv ??= await openBucket(connection, bucket, { history: HISTORY, description: "sshrpc: lists of keys" });
    for (const list of LISTS) {
      const entry = await this.#kv.get(list);
      const file = join(directory, list);
      if (entry === null) {
        // A new bucket knows nothing: what was in force stays.
        if (!this.#revisions.has(list)) await writeFile(file, "", { flag: "a", mode: 0o600 });
        this.#revisions.set(list, "none");
        continue;
      }
      const revision = `${entry.revision} ${entry.created.toISOString()}`;
      if (revision !== this.#revisions.get(list)) {
        // Complete files alone take the place of others.
        await writeFile(`${file}.new`, entry.operation === "PUT" ? entry.value : "", { mode: 0o600 });
        await rename(`${file}.new`, file);
        this.#revisions.set(list, revision);
      }
    }
  }

  #report(error: unknown): void {
    const { log, bucket } = this.#config;
    if (!this.#isFailing)
      log.warn(
        { bucket, reason: errorMessage(error) },
        "the lists of keys on NATS cannot be copied: the last ones stay in force",
      );
    this.#isFailing = true;
  }
}

/** @throws OptionError */
function checkKeyFilesOptions(options: NatsKeyFilesOptions): Omit<KeyFilesConfig, "connection"> {
  checkOptions(options, KEY_FILES_OPTIONS);
  const { directory, bucket = "sshrpc_keys", log = false } = options;
  if (directory === undefined || directory === "") throw new OptionError("the option directory is missing");
  return { directory: resolve(checkFileName(directory, "directory")), bucket, log: safeLogger(log) };
}
