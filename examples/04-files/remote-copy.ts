import { connectSsh } from "sshrpc/client";
import { terminalPrompts } from "sshrpc/prompts";
import { runProgram, UsageError } from "../lib/run-program.js";

/**
 * Copies a file from or to any SSH server, without sshrpc on it: `jiti examples/04-files/remote-copy.ts alice@edge:report.pdf .`.
 * Both ends verify the checksum; the file appears under its name only then.
 */
await runProgram("remote-copy user@host:FILE FILE, or remote-copy FILE user@host:FILE", 2, async (args, signal) => {
  const [from = "", to = ""] = args;
  const [source, target] = [readRemote(from), readRemote(to)];
  const remote = source ?? target;
  if (remote === undefined || (source && target)) throw new UsageError("exactly one of the two must be on a server");
  await using ssh = await connectSsh(remote.address, { ...terminalPrompts(), signal });
  const { bytes, sha256 } =
    source === undefined
      ? await ssh.copyTo(from, remote.file || ".", { signal })
      : await ssh.copyFrom(remote.file, to, { signal });
  console.log(`${bytes} bytes, sha256 ${sha256}`);
});

/** Like scp: `user@host:file`, or `ssh://user@host:port/file` with a port; a relative name starts at the home folder. */
function readRemote(text: string): { readonly address: string; readonly file: string } | undefined {
  const [, address, file] = /^(ssh:\/\/[^/]+)\/(.*)$/s.exec(text) ?? /^([^/:]+):(.*)$/s.exec(text) ?? [];
  return address === undefined || file === undefined ? undefined : { address, file };
}
