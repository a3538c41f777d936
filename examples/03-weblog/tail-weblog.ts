import { connectSsh, readLines } from "sshrpc/client";
import { terminalPrompts } from "sshrpc/prompts";
import { parseHit } from "../lib/parse-hit.js";
import { printable } from "../lib/printable.js";
import { runProgram } from "../lib/run-program.js";

/**
 * The weblog monitor for any SSH server, without sshrpc on it: `jiti examples/03-weblog/tail-weblog.ts alice@edge /var/log/nginx/access.log`.
 * It prompts at the terminal for unknown host keys and passwords.
 */
await runProgram("tail-weblog user@host LOGFILE", 2, async ([address = "", file = ""], signal) => {
  await using ssh = await connectSsh(address, { ...terminalPrompts(), signal });
  const tail = await ssh.exec(`tail -F -n 1 -- '${file.replaceAll("'", "'\\''")}'`, { signal });
  for await (const line of readLines(tail)) {
    const hit = parseHit(line);
    if (hit?.resource === "/kill-weblog-monitor") return;
    if (hit?.status === 200 && hit.referrer !== null) console.log(printable(`${hit.referrer} --> ${hit.resource}`));
  }
  const { exitCode } = await tail.exit;
  throw new Error(`tail exited with status ${exitCode}: ${tail.stderrTail.trim()}`);
});
