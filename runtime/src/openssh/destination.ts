import { errorMessage } from "../base/error-message.js";
import { formatHostPort } from "../base/net/host-port.js";
import { printable } from "../base/printable.js";
import { RpcError } from "../contract/rpc-error.js";
import { type Address, parseAddress } from "../ssh/target.js";

/** User names that OpenSSH has refused since 9.6: ssh_config may pass them to a shell (`ProxyCommand` with `%r`). */
const UNSAFE = /['"`$;&<>|(){}]|\\$/;

/**
 * Parses a destination of `ssh`: `edge`, `alice@edge` or `ssh://alice@edge:8022`. The configuration of ssh supplies what it
 * omits.
 * @throws RpcError `BAD_REQUEST` for an invalid destination, or one that a shell could interpret
 */
export function parseDestination(text: string): Address {
  const address = asBadRequest(() => parseAddress(text));
  if (address.user === undefined || !UNSAFE.test(address.user)) return address;
  throw new RpcError(
    "BAD_REQUEST",
    `"${printable(text)}" cannot be passed to ssh: a shell could interpret the user name`,
  );
}

/** Calls a check of the SSH client. @throws RpcError `BAD_REQUEST` if the check fails */
export function asBadRequest<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new RpcError("BAD_REQUEST", errorMessage(error), { cause: error });
  }
}

/** The destination as an address, such as `ssh://alice@edge:8022` or `ssh://edge`. */
export function formatDestination({ user, host, port }: Address): string {
  const login = user === undefined ? "" : `${encodeURIComponent(user)}@`;
  return `ssh://${login}${formatHostPort(host, port)}`;
}
