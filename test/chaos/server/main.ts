import { join } from "node:path";
import { openLog } from "sshrpc/server";
import { serve } from "../generated/server.js";
import { fromParent } from "../topology/from-parent.js";
import { EffectLog } from "./effect-log.js";
import { chaosHandlers } from "./handlers.js";
import { UploadStore } from "./upload-store.js";

/** The server of the chaos test: its argument is one of these as JSON, and it prints `ready PORT`. */
export interface ServerConfig {
  /** The directory of its files: `effects.jsonl`, `uploads`. */
  readonly home: string;
  readonly hostKey: string;
  readonly authorizedKeys: string;
  /** The file of its ledger. Default: in memory. */
  readonly ledger?: string;
  /** How long the ledger keeps an outcome, in ms. */
  readonly keeps: number;
  /** Milliseconds after which the process ends in any case. */
  readonly lifetime: number;
}

/** Time for running calls after SIGTERM, in ms: enough for all but uploads and followers. */
const GRACE = 1000;

/** Room for the outcomes of a whole run, which are kept to its end: a ledger that is full refuses calls, as it has to. */
const ROOM = { maxEntries: 10_000_000, maxKeyEntries: 10_000_000, maxBytes: 2 ** 30, maxKeyBytes: 2 ** 30 };

const {
  home,
  hostKey,
  authorizedKeys,
  ledger: file,
  keeps,
  lifetime,
} = JSON.parse(process.argv[2] as string) as ServerConfig;
fromParent(lifetime);
const log = await EffectLog.open(join(home, "effects.jsonl"));
const server = await serve(chaosHandlers(log, new UploadStore(join(home, "uploads"))), {
  port: 0,
  hostKeys: hostKey,
  authorizedKeys,
  log: await openLog({ level: "warn", format: "json" }),
  ledger: { keeps, ...ROOM, ...(file !== undefined && { file }) },
});
process.once("SIGTERM", () => void server.close({ grace: GRACE }).then(() => process.exit(0)));
process.stdout.write(`ready ${server.port}\n`);
