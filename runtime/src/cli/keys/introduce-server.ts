import { formatHostPort } from "../../base/host-port.js";
import { publicKeyLine } from "../../ssh/keys/format/public-key.js";
import { loadHostKey } from "../../ssh/keys/identity/host-key.js";
import { knownHostsName } from "../../ssh/keys/lists/known-hosts.js";

/** Where clients reach a server, and what it proves itself with. */
export interface ServerPlace {
  readonly host: string;
  readonly port: number;
  /** The file of its private key; undefined where it is not known. */
  readonly hostKey: string | undefined;
}

/**
 * What the holder of a key needs to know of a server, for people.
 * @throws Error of one line, where the host key is damaged, or may be read by others
 */
export async function introduceServer({ host, port, hostKey }: ServerPlace): Promise<string> {
  const address = `  address      ssh://USER@${formatHostPort(host, port)}\n`;
  if (hostKey === undefined) return `${address}  host key     not known here: name it with --host-key\n`;
  const { publicKey } = await loadHostKey(hostKey);
  return `${address}  host key     ${publicKey.fingerprint}
  known_hosts  ${knownHostsName(host, port)} ${publicKeyLine(publicKey)}
`;
}
