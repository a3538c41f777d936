import { printable } from "../../../base/printable.js";
import type { SshClient } from "../../../base/ssh-client.js";
import { RpcError } from "../../../contract/rpc-error.js";
import { shellCommand } from "../../shell-quote.js";

/** From standard input, so that no name can be taken for an option, or come out escaped. */
const SCRIPT = 'exec 2>&1; sha256sum < "$1" || shasum -a 256 < "$1" || openssl dgst -sha256 -r < "$1"';

/**
 * The SHA-256 of a remote file's content, in hexadecimal digits, by whichever program is there.
 * @throws RpcError UNIMPLEMENTED where there is none
 */
export async function remoteSum(ssh: SshClient, file: string, signal: AbortSignal | undefined): Promise<string> {
  const { stdout: output } = await ssh.run(shellCommand(SCRIPT, file), signal === undefined ? {} : { signal });
  const sum = /^\\?([0-9a-f]{64})\b/m.exec(output)?.[1];
  if (sum !== undefined) return sum;
  throw new RpcError(
    "UNIMPLEMENTED",
    `what arrived cannot be verified: ${ssh.address} has no sha256sum, shasum or openssl; it says ${printable(output.trim())}`,
  );
}
