import { existsSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { errorMessage } from "../../base/error-message.js";
import { makeDirectory } from "../../base/make-directory.js";
import { createHostKey } from "../../ssh/keys/identity/host-key.js";
import { UsageError } from "./failure.js";

/** The default files of a server. */
export interface Home {
  readonly hostKey: string;
  readonly authorizedKeys: string;
}

const AUTHORIZED_KEYS = `# Authorized keys: one public key per line, in the AUTHORIZED_KEYS FILE FORMAT of sshd(8).
# Options precede the key; a key without scopes can call only methods without a scope.
#
#   scopes="*" ssh-ed25519 AAAA… alice@laptop
#   scopes="notes:read,time:*",expiry-time="20301231Z",from="192.0.2.0/24" ssh-ed25519 AAAA… ci
#
# Edit this file with "sshrpc keys add|list|show|remove". A running server applies changes at once.
`;

/** The paths of the default files in a directory. The files need not exist. */
export function homeFiles(directory: string): Home {
  return { hostKey: join(directory, "ssh_host_ed25519_key"), authorizedKeys: join(directory, "authorized_keys") };
}

/**
 * Returns the host key and the authorized_keys file in `directory`, and creates the missing ones: a random key and a file
 * without keys.
 */
export async function prepareHome(directory: string): Promise<Home> {
  makeHome(directory);
  const home = homeFiles(directory);
  try {
    if (!existsSync(home.hostKey)) await createHostKey(home.hostKey);
    if (!existsSync(home.authorizedKeys))
      writeFileSync(home.authorizedKeys, AUTHORIZED_KEYS, { mode: 0o600, flag: "wx" });
  } catch (error) {
    // Another server that starts in the same directory was first: its files are used.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return prepareHome(directory);
  }
  return home;
}

/** The directory gets a .gitignore, so that the private key is not committed by accident. */
function makeHome(directory: string): void {
  try {
    if (existsSync(directory) && statSync(directory).isDirectory()) return;
    makeDirectory(resolve(directory), 0o700);
    writeFileSync(join(directory, ".gitignore"), "*\n");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? errorMessage(error);
    throw new UsageError(`--home ${JSON.stringify(directory)}: cannot create the directory (${reason}); name another`);
  }
}
