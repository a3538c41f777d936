import type { Transport } from "../base/transport.js";
import { checkTimes } from "../ssh/client/check-times.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import { opensshArguments } from "./arguments.js";
import { asBadRequest, formatDestination, parseDestination } from "./destination.js";
import type { OpensshOptions } from "./openssh-options.js";
import { openSshProcess } from "./ssh-process.js";

/** Milliseconds for a connection; and where a person may be asked on the way. */
const CONNECT_TIMEOUT = 10_000;
const INTERACTIVE_TIMEOUT = 120_000;

/**
 * A transport over the `ssh` program of this system, and with it over everything in ssh_config(5): jump hosts, agents,
 * security keys, Kerberos, certificates, shared connections, post-quantum key exchange. Each duplex is the subsystem
 * `sshrpc` of a process of its own, which ends with it.
 * @param target What `ssh` takes: `edge` as the configuration knows it, `alice@edge`, or `ssh://alice@edge:8022`
 * @throws RpcError `BAD_REQUEST`, where the target or an option cannot be passed to ssh. What `open` rejects with is said
 * at {@link Transport}; `BAD_REQUEST` where ssh does not accept its configuration.
 */
export function opensshTransport(target: string, options: DialOptions & OpensshOptions = {}): Transport {
  const to = parseDestination(target);
  asBadRequest(() => checkTimes(options));
  const { program = "ssh", interactive = false } = options;
  const connectTimeout = options.connectTimeout ?? (interactive ? INTERACTIVE_TIMEOUT : CONNECT_TIMEOUT);
  const args = opensshArguments(to, options, connectTimeout);
  const address = formatDestination(to);
  return {
    address,
    open: (signal) => openSshProcess({ program, args, address, connectTimeout, interactive, signal }),
  };
}
