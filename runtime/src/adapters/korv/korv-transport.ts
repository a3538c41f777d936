import { duplexPair } from "../../base/memory-transport.js";
import type { Transport } from "../../base/transport.js";
import type { Api } from "../../contract/method.js";
import { packetChannelTo } from "../../ssh/client/dial-channel.js";
import type { Dialer } from "../../ssh/client/dialer.js";
import { type Limits, resolveLimits } from "../../wire/limits.js";
import { KorvBridge } from "./korv-bridge.js";
import type { KorvClientOptions } from "./korv-client-options.js";

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
  const { mapPath = (path) => path, sendTimeout = 30_000 } = options;
  const config = { api, limits: resolveLimits(options.limits), mapPath, sendTimeout };
  return {
    address,
    async open(signal) {
      const channel = await dial(packetChannelTo(to.host, to.port, "does it serve korv?"), signal);
      const [near, far] = duplexPair();
      new KorvBridge(far, channel, config);
      return near;
    },
  };
}
