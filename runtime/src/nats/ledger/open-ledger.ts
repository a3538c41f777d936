import { createHash } from "node:crypto";
import type { KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { checkNumber, MAX_TIMEOUT } from "../../base/check-number.js";
import { checkOptions, OptionError, type OptionTable, oneOf } from "../../base/check-options.js";
import { type Logger, safeLogger } from "../../base/log.js";
import { checkedOptions } from "../../contract/option-errors.js";
import { loadPeer } from "../../observe/load-peer.js";
import type { Ledger } from "../../server/ledger/ledger.js";
import { LEDGER_DEFAULTS } from "../../server/ledger/ledger-options.js";
import { openBucket } from "../open-bucket.js";
import { LedgerBucket } from "./ledger-bucket.js";
import { NatsLedger } from "./nats-ledger.js";

/** Options of {@link natsLedger}. */
export interface NatsLedgerOptions {
  /** The name of the key-value bucket, which is created if it does not exist. All servers that share the ledger name the same. Default: sshrpc_ledger. */
  readonly bucket?: string;
  /** How long the outcome of a call is kept after it ended, in ms; the bucket must have the same. Default: that of the bucket, 600,000 for a new one. */
  readonly keeps?: number;
  /** Bytes of a new bucket; when it is full, calls with a key are refused. Default: 256 MiB. */
  readonly maxBytes?: number;
  /** Servers of NATS that keep a new bucket: 1, 3 or 5. Default: 1. */
  readonly replicas?: number;
  /** Entries that one server has begun for one key (as for `perKey`). Default: 20,000. */
  readonly maxKeyEntries?: number;
  /** Bytes of these. Default: 16 MiB. */
  readonly maxKeyBytes?: number;
  /** Receives lines about outcomes that cannot be kept. Default: none. */
  readonly log?: Logger | false;
}

const LEDGER_OPTIONS = {
  bucket: oneOf("string"),
  ...{ keeps: true, maxBytes: true, replicas: true, maxKeyEntries: true, maxKeyBytes: true },
  log: true,
} satisfies OptionTable<NatsLedgerOptions>;

/** The defaults of {@link NatsLedgerOptions}. */
export const NATS_LEDGER_DEFAULTS = {
  maxBytes: 256 * 1024 * 1024,
  replicas: 1,
  maxKeyEntries: LEDGER_DEFAULTS.maxKeyEntries,
  maxKeyBytes: LEDGER_DEFAULTS.maxKeyBytes,
} as const;

/** The shortest time to keep outcomes, in ms: NATS has no shorter one. */
const MIN_KEEPS = 1000;

/**
 * A ledger of calls with an idempotency key in a key-value bucket of NATS: servers that share it run each call once, whichever of them it comes to. Pass it as
 * the option `ledger` of `serve`. It needs a NATS server with JetStream, and the packages `@nats-io/jetstream` and `@nats-io/kv`. Its owner
 * closes the connection, after the server.
 * @throws RpcError BAD_REQUEST for an invalid option; Error where the bucket cannot be opened
 */
export async function natsLedger(connection: NatsConnection, options: NatsLedgerOptions = {}): Promise<Ledger> {
  const { name, log } = checkedOptions(() => checkLedgerOptions(options));
  const jetstream = await loadPeer("@nats-io/jetstream", "sshrpc/nats", () => import("@nats-io/jetstream"));
  const kv = await openBucket(connection, name, {
    ttl: options.keeps ?? LEDGER_DEFAULTS.keeps,
    max_bytes: options.maxBytes ?? NATS_LEDGER_DEFAULTS.maxBytes,
    replicas: options.replicas ?? NATS_LEDGER_DEFAULTS.replicas,
    history: 1,
    description: "sshrpc: outcomes of calls with an idempotency key",
  });
  const { created, keeps } = await propertiesOf(kv);
  checkedOptions(() => checkKeeps(name, keeps, options.keeps));
  return new NatsLedger({
    id: createHash("sha256").update(`${name} ${created}`).digest("base64url").slice(0, 22),
    keeps,
    bucket: new LedgerBucket(kv, jetstream),
    subject: `$KV.${name}`,
    nats: connection,
    log,
    bounds: {
      maxEntries: Number.POSITIVE_INFINITY,
      maxBytes: Number.POSITIVE_INFINITY,
      maxKeyEntries: options.maxKeyEntries ?? NATS_LEDGER_DEFAULTS.maxKeyEntries,
      maxKeyBytes: options.maxKeyBytes ?? NATS_LEDGER_DEFAULTS.maxKeyBytes,
    },
  });
}

async function propertiesOf(kv: KV): Promise<{ readonly created: string; readonly keeps: number }> {
  const { streamInfo } = await kv.status();
  return { created: streamInfo.created, keeps: streamInfo.config.max_age / 1_000_000 };
}

/** @throws OptionError */
function checkKeeps(name: string, keeps: number, given: number | undefined): void {
  const fix = `change it (nats stream edit KV_${name} --max-age), or name another bucket`;
  if (keeps < MIN_KEEPS || keeps > MAX_TIMEOUT)
    throw new OptionError(
      `option bucket: ${name} keeps values for ${keeps} ms; a ledger takes ${MIN_KEEPS} to ${MAX_TIMEOUT}: ${fix}`,
    );
  if (given !== undefined && given !== keeps)
    throw new OptionError(`option keeps: ${given} ms, but the bucket ${name} keeps values for ${keeps} ms: ${fix}`);
}

/** @throws OptionError */
function checkLedgerOptions(options: NatsLedgerOptions): { readonly name: string; readonly log: Logger } {
  checkOptions(options, LEDGER_OPTIONS);
  const {
    bucket: name = "sshrpc_ledger",
    keeps,
    maxBytes,
    replicas,
    maxKeyEntries,
    maxKeyBytes,
    log = false,
  } = options;
  if (keeps !== undefined) checkNumber("keeps", keeps, MIN_KEEPS, MAX_TIMEOUT);
  if (replicas !== undefined) checkNumber("replicas", replicas, 1, 5);
  for (const [option, value] of Object.entries({ maxBytes, maxKeyEntries, maxKeyBytes }))
    if (value !== undefined) checkNumber(option, value, 1);
  return { name, log: safeLogger(log) };
}
