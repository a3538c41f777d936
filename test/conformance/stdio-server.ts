import { readFileSync } from "node:fs";
import { join } from "node:path";
import { serveStdio } from "sshrpc/server";
import { defineHandlers } from "./generated/server.js";
import { conformanceHandlers } from "./handlers.js";
import { recordWaits } from "./journal.js";

/** A server that sshd starts. A directory in its environment has its options, and gets its events. */
const directory = process.argv[2] ?? (process.env["SSHRPC_TEST"] as string);
const waits = recordWaits(join(directory, "journal"));
await serveStdio(defineHandlers(conformanceHandlers(waits)), {
  ...JSON.parse(readFileSync(join(directory, "options.json"), "utf8")),
  scopes: ["items:*"],
  grace: 0,
  log: false,
});
