import { pipeline } from "node:stream/promises";
import { connectSsh } from "sshrpc/client";
import { terminalPrompts } from "sshrpc/prompts";
import { runProgram } from "../lib/run-program.js";

/**
 * Plain SSH, as `ssh host command`, with prompts at the terminal for an unknown host key and passwords:
 * `jiti examples/10-raw-client/raw-client.ts ssh://alice@127.0.0.1:8022 'GET /hello'`. Standard
 * input goes to the command, and the exit status is that of the command.
 */
await runProgram("raw-client user@host COMMAND", 2, async ([address = "", command = ""], signal) => {
  await using ssh = await connectSsh(address, { ...terminalPrompts(), signal });
  const remote = await ssh.exec(command, { signal, onStderr: (chunk) => process.stderr.write(chunk) });
  // The end of the input closes one direction only; output may follow.
  pipeline(process.stdin, remote).catch(() => undefined);
  await pipeline(remote, process.stdout, { end: false });
  process.stdin.destroy();
  const { exitCode, signal: killedBy } = await remote.exit;
  if (killedBy !== undefined) throw new Error(`the command was killed by ${killedBy}`);
  process.exitCode = exitCode ?? 1;
});
