import type { SshClient } from "../base/ssh-client.js";
import type { Transport } from "../base/transport.js";
import { IDENT, SUBSYSTEM } from "../base/version.js";
import { dialer } from "../ssh/client/dial.js";
import { subsystemChannel } from "../ssh/client/dial-channel.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import type { Dialer } from "../ssh/client/dialer.js";
import { SshConnector } from "../ssh/client/remote/ssh-connector.js";
import { toRpcError } from "./ssh-errors.js";

/**
 * A transport over SSH: each duplex is the subsystem `sshrpc` on a connection of its own, which ends with it. The host key
 * is always checked: no option accepts every key.
 * @param target such as `ssh://alice@edge:8022`, `alice@edge` or `[::1]:8022`; the host may be an alias of ~/.ssh/config.
 * The port defaults to 22.
 * @throws RpcError `BAD_REQUEST` for an invalid target or option. `open` rejects as {@link Transport} describes; unreadable
 * keys are `UNAUTHENTICATED`.
 */
export function sshTransport(target: string, options: DialOptions = {}): Transport & Required<Pick<Transport, "ssh">> {
  const dialer = sshDialer(target, options);
  return {
    address: dialer.address,
    open: (signal) => dialer.dial(subsystemChannel(SUBSYSTEM, dialer), signal),
    ssh: () => new SshConnector(dialer),
  };
}

/** Makes SSH connections to `target`. They, their channels and `dial` fail with an RpcError; see {@link sshTransport}. */
export function sshDialer(target: string, options: DialOptions = {}): Dialer {
  try {
    return dialer(target, options, { mapError: toRpcError, ident: IDENT });
  } catch (error) {
    throw toRpcError(error);
  }
}

/** Connects, and resolves with a client for plain SSH. See `connectSsh`. */
export async function openSshClient(target: string, options: DialOptions, signal?: AbortSignal): Promise<SshClient> {
  const client = new SshConnector(sshDialer(target, options));
  await client.connect(signal);
  return client;
}
