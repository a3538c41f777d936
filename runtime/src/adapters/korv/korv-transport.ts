import type { Api } from "../../contract/method.js";
import { duplexPair } from "../../memory-transport.js";
import { packetChannelTo } from "../../ssh/client/dial-channel.js";
import type { Dialer } from "../../ssh/client/dialer.js";
import type { Transport } from "../../transport.js";
import { type Limits, resolveLimits } from "../../wire/limits.js";
import { KorvBridge } from "./korv-bridge.js";

/** How a client calls a korv server. */
export interface KorvClientOptions {
  /** Gives the name that the server has for a resource, from its path, such as `/notes/42`. Default: the path itself. */
  readonly resource?: (path: string) => string;
  /** Milliseconds that the server has to make room for a request, once it is its turn. Over it: UNAVAILABLE. Default: 30,000. */
  readonly patience?: number;
}

/**
 * A transport to a server of the Python framework korv: each duplex speaks our wire, and what answers behind it passes the
 * calls on over an SSH connection of its own. So a client of `api` is typed, checked and retried as any other; what korv
 * does not know (streams, metadata, deadlines) ends on this side.
 */
export function korvTransport(
  api: Api,
  { to, address, dial }: Dialer,
  options: KorvClientOptions & { readonly limits?: Partial<Limits> },
): Transport {
  const { resource = (path) => path, patience = 30_000 } = options;
  const settings = { api, limits: resolveLimits(options.limits), resource, patience };
  return {
    address,
    async open(signal) {
      const channel = await dial(packetChannelTo(to.host, to.port), signal);
      const [near, far] = duplexPair();
      new KorvBridge(far, channel, settings);
      return near;
    },
  };
}
