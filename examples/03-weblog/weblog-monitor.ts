import { connect } from "../../generated/client.js";
import { printable } from "../lib/printable.js";
import { runProgram } from "../lib/run-program.js";

/**
 * Shows the referrers of a web site as requests arrive: `jiti examples/03-weblog/weblog-monitor.ts ssh://alice@127.0.0.1:8022`.
 * A request for /kill-weblog-monitor ends it.
 */
await runProgram("weblog-monitor ssh://user@host:port", 1, async ([address = ""], signal) => {
  await using client = await connect(address, { signal });
  for await (const hit of client.weblog.get({ follow: true, lines: 0 }, { signal })) {
    if (hit.resource === "/kill-weblog-monitor") break;
    if (hit.status === 200 && hit.referrer !== null) console.log(printable(`${hit.referrer} --> ${hit.resource}`));
  }
});
