import { formatHostPort } from "../base/host-port.js";
import { printable } from "../base/printable.js";
import { RpcError } from "../contract/rpc-error.js";
import { type Address, parseAddress } from "../ssh/target.js";

/** What OpenSSH itself refuses of a user since 9.6: ssh_config may pass it to a shell (`ProxyCommand` with `%r`). */
const UNSAFE = /['"`$;&<>|(){}]|\\$/;

/**
 * Reads whom `ssh` is asked for: `edge`, `alice@edge` or `ssh://alice@edge:8022`. What it does not say, ssh's configuration
 * does.
 * @throws RpcError `BAD_REQUEST` where it is none, or where a command line or a shell could take it for something else
 */
export function parseDestination(text: string): Address {
  const address = parseAddress(text);
  if (address.user === undefined || !UNSAFE.test(address.user)) return address;
  throw new RpcError("BAD_REQUEST", `"${printable(text)}" cannot be passed to ssh: a shell could act on the user name`);
}

/** The destination as an address, such as `ssh://alice@edge:8022` or `ssh://edge`. */
export function formatDestination({ user, host, port }: Address): string {
  const login = user === undefined ? "" : `${encodeURIComponent(user)}@`;
  return `ssh://${login}${formatHostPort(host, port)}`;
}
