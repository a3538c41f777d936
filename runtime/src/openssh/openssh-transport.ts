import type { Transport } from "../base/transport.js";
import { checkTimes } from "../ssh/client/check-times.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import { asBadRequest, formatDestination, parseDestination } from "./destination.js";
import { opensshArguments } from "./openssh-arguments.js";
import type { OpensshOptions } from "./openssh-options.js";
import { openSshProcess } from "./ssh-process.js";

/** Default connect timeouts in ms, without and with prompts for a user. */
export const OPENSSH_TIMEOUTS = { unattended: 10_000, interactive: 120_000 } as const;

/**
 * A transport over the `ssh` program of this system, with everything that ssh_config(5) offers: jump hosts, agents, security
 * keys, Kerberos, certificates, ControlMaster, post-quantum key exchange. Each duplex is the subsystem `sshrpc` of an `ssh`
 * process of its own, which ends with it.
 * @param target a destination of `ssh`: `edge` (an alias or a host), `alice@edge`, or `ssh://alice@edge:8022`
 * @throws RpcError `BAD_REQUEST` if the target or an option cannot be passed to ssh. `open` rejects as {@link Transport}
 * says, and with `BAD_REQUEST` if ssh rejects its configuration.
 */
export function opensshTransport(target: string, options: DialOptions & OpensshOptions = {}): Transport {
  const to = parseDestination(target);
  asBadRequest(() => checkTimes(options));
  const { program = "ssh", interactive = false } = options;
  const connectTimeout = options.connectTimeout ?? OPENSSH_TIMEOUTS[interactive ? "interactive" : "unattended"];
  const args = opensshArguments(to, options, connectTimeout);
  const address = formatDestination(to);
  return {
    address,
    open: (signal) => openSshProcess({ program, args, address, connectTimeout, interactive, signal }),
  };
}
