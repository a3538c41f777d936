import { formatHostPort } from "../../base/net/host-port.js";
import { publicKeyLine } from "../../ssh/keys/format/public-key.js";
import { loadHostKeys } from "../../ssh/keys/identity/host-key.js";
import { knownHostsName } from "../../ssh/keys/lists/known-hosts.js";

/** The address and the host keys of a server. */
interface ServerPlace {
  readonly host: string;
  readonly port: number;
  /** The files of the private host keys; empty where they are unknown. */
  readonly hostKeys: readonly string[];
}

/**
 * Describes a server for the owner of a key: address, and for each host key fingerprint and known_hosts line.
 * @throws Error where a host key is damaged or readable by others
 */
export async function introduceServer({ host, port, hostKeys }: ServerPlace): Promise<string> {
  const address = `  address      ssh://USER@${formatHostPort(host, port)}\n`;
  if (hostKeys.length === 0) return `${address}  host key     unknown; pass --host-key\n`;
  const keys = await loadHostKeys(hostKeys);
  const lines = keys.map(
    ({ publicKey }) =>
      `  host key     ${publicKey.fingerprint}\n  known_hosts  ${knownHostsName(host, port)} ${publicKeyLine(publicKey)}\n`,
  );
  return [address, ...lines].join("");
}
