import { RpcError } from "../contract/rpc-error.js";
import type { DialOptions } from "../ssh/dial-options.js";
import type { Transport } from "../transport.js";
import { opensshArguments } from "./arguments.js";
import { formatDestination, parseDestination } from "./destination.js";
import type { OpensshOptions } from "./openssh-options.js";
import { openSshProcess } from "./ssh-process.js";

/** Milliseconds for a connection; and where a person may be asked on the way. */
const CONNECT_TIMEOUT = 10_000;
const INTERACTIVE_TIMEOUT = 120_000;

/** Options of our own transport that ssh has no word for, with what to do. */
const UNKNOWN: Partial<Record<keyof DialOptions, string>> = {
  hostKey: "ssh takes no fingerprint; name a file that lists the host key with knownHosts",
  passphrase: "ssh takes none; add the key to an agent, or let ssh ask with interactive",
};

/**
 * A transport over the `ssh` program of this system, and with it over everything in ssh_config(5): jump hosts, agents,
 * security keys, Kerberos, certificates, shared connections, post-quantum key exchange. Each duplex is the subsystem
 * `sshrpc` of a process of its own, which ends with it.
 * @param target What `ssh` takes: `edge` as the configuration knows it, `alice@edge`, or `ssh://alice@edge:8022`
 * @throws RpcError `BAD_REQUEST`, where the target or an option cannot be passed to ssh. What `open` rejects with is said
 * at {@link Transport}; `BAD_REQUEST` where ssh does not accept its configuration.
 */
export function opensshTransport(target: string, options: OpensshOptions & DialOptions = {}): Transport {
  for (const [name, hint] of Object.entries(UNKNOWN)) {
    if (options[name as keyof DialOptions] !== undefined) {
      throw new RpcError("BAD_REQUEST", `the option ${name} is not for the transport "openssh": ${hint}`);
    }
  }
  const to = parseDestination(target);
  const { program = "ssh", interactive = false } = options;
  const connectTimeout = options.connectTimeout ?? (interactive ? INTERACTIVE_TIMEOUT : CONNECT_TIMEOUT);
  const args = opensshArguments(to, options, connectTimeout);
  const address = formatDestination(to);
  return {
    address,
    open: (signal) => openSshProcess({ program, args, address, connectTimeout, interactive, signal }),
  };
}
