import { formatHostPort } from "../../base/net/host-port.js";
import { publicKeyLine } from "../../ssh/keys/format/public-key.js";
import { loadHostKey } from "../../ssh/keys/identity/host-key.js";
import { knownHostsName } from "../../ssh/keys/lists/known-hosts.js";

/** The address and the host key of a server. */
interface ServerPlace {
  readonly host: string;
  readonly port: number;
  /** The file of the private host key; undefined where it is unknown. */
  readonly hostKey: string | undefined;
}

/**
 * Describes a server for the owner of a key: address, fingerprint and known_hosts line.
 * @throws Error where the host key is damaged or readable by others
 */
export async function introduceServer({ host, port, hostKey }: ServerPlace): Promise<string> {
  const address = `  address      ssh://USER@${formatHostPort(host, port)}\n`;
  if (hostKey === undefined) return `${address}  host key     unknown; pass --host-key\n`;
  const { publicKey } = await loadHostKey(hostKey);
  return `${address}  host key     ${publicKey.fingerprint}
  known_hosts  ${knownHostsName(host, port)} ${publicKeyLine(publicKey)}
`;
}
