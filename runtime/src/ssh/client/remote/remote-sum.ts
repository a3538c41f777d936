import { printable } from "../../../base/printable.js";
import type { SshClient } from "../../../base/ssh-client.js";
import { shellCommand } from "../../shell-quote.js";
import { SshError } from "../../ssh-error.js";
import { MarkedOutput } from "./marked-output.js";

/** Prints the mark `$2`, since a login shell may print other output before. Reads standard input: file names are neither parsed as options nor escaped in the output. */
const SCRIPT = 'printf %s "$2"; exec 2>&1; sha256sum < "$1" || shasum -a 256 < "$1" || openssl dgst -sha256 -r < "$1"';

/**
 * The SHA-256 of a remote file in hexadecimal, by the first program found.
 * @throws SshError `unimplemented` where the server has none of them
 */
export async function remoteSum(ssh: SshClient, file: string, signal: AbortSignal | undefined): Promise<string> {
  const marked = new MarkedOutput();
  const { stdout: all } = await ssh.run(
    shellCommand(SCRIPT, file, marked.mark),
    signal === undefined ? {} : { signal },
  );
  const stdout = marked.push(Buffer.from(all)).toString();
  marked.end();
  const sum = /^\\?([0-9a-f]{64})\b/m.exec(stdout)?.[1];
  if (sum !== undefined) return sum;
  throw new SshError(
    "unimplemented",
    `cannot verify the copy: ${ssh.address} has no sha256sum, shasum or openssl: ${printable(stdout.trim())}`,
  );
}
