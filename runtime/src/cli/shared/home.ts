import { existsSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { errorMessage } from "../../base/error-message.js";
import { createHostKey } from "../../ssh/keys/identity/host-key.js";
import { UsageError } from "./failure.js";
import { makeMissing } from "./make-missing.js";

/** The files of a server that was given none. */
export interface Home {
  readonly hostKey: string;
  readonly authorizedKeys: string;
}

const AUTHORIZED_KEYS = `# Who may connect: one public key a line, as sshd(8) describes under AUTHORIZED_KEYS FILE FORMAT.
# What a key may do stands before it; a key without scopes may call only what asks for none.
#
#   scopes="*" ssh-ed25519 AAAA… alice@laptop
#   scopes="notes:read,time:*",expiry-time="20301231Z",from="192.0.2.0/24" ssh-ed25519 AAAA… ci
#
# "sshrpc keys add|list|show|remove" edits it. A server that runs takes every change in at once.
`;

/** Where the files of a server are in its directory, whether they exist or not. */
export function homeFiles(directory: string): Home {
  return { hostKey: join(directory, "ssh_host_ed25519_key"), authorizedKeys: join(directory, "authorized_keys") };
}

/**
 * The host key and the list of authorized keys in `directory`, each made where it is missing: the key at random, the
 * list with nobody on it.
 */
export async function prepareHome(directory: string): Promise<Home> {
  makeDirectory(directory);
  const home = homeFiles(directory);
  if (!existsSync(home.hostKey)) await createHostKey(home.hostKey);
  if (!existsSync(home.authorizedKeys))
    writeFileSync(home.authorizedKeys, AUTHORIZED_KEYS, { mode: 0o600, flag: "wx" });
  return home;
}

/** A repository must not take the private key along by accident, so the directory ignores itself. */
function makeDirectory(directory: string): void {
  try {
    if (existsSync(directory) && statSync(directory).isDirectory()) return;
    makeMissing(resolve(directory));
    writeFileSync(join(directory, ".gitignore"), "*\n");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? errorMessage(error);
    throw new UsageError(
      `${JSON.stringify(directory)} cannot be made a directory (${reason}); name another with --home`,
    );
  }
}
