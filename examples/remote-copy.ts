import { basename } from "node:path";
import { connectSsh } from "sshrpc/client";
import { terminalPrompts } from "sshrpc/prompts";
import { runProgram, UsageError } from "./lib/run-program.js";

/**
 * Copies a file from any SSH server, or to one, with nothing of ours on it: `jiti examples/remote-copy.ts alice@edge:report.pdf .`.
 * Both ends compute the checksum; until they agree there is no file of that name.
 */
await runProgram("remote-copy user@host:FILE FILE, or remote-copy FILE user@host:FILE", 2, async (args, signal) => {
  const [from = "", to = ""] = args;
  const [source, target] = [readRemote(from), readRemote(to)];
  const remote = source ?? target;
  if (remote === undefined || (source && target)) throw new UsageError("one of the two must be on a server");
  await using ssh = await connectSsh(remote.address, { ...terminalPrompts(), signal });
  const { bytes, sha256 } =
    source === undefined
      ? await ssh.copyTo(from, remote.file || basename(from), { signal })
      : await ssh.copyFrom(remote.file, to === "." ? basename(remote.file) : to, { signal });
  console.log(`${bytes} bytes, sha256 ${sha256}`);
});

/** As scp takes them: `user@host:file`, or `ssh://user@host:port/file` where there is a port; a relative name begins at home. */
function readRemote(text: string): { readonly address: string; readonly file: string } | undefined {
  const [, address, file] = /^(ssh:\/\/[^/]+)\/(.*)$/s.exec(text) ?? /^([^/:]+):(.*)$/s.exec(text) ?? [];
  return address === undefined || file === undefined ? undefined : { address, file };
}
