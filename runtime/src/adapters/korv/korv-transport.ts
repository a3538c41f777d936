import { checkNumber, MAX_TIMEOUT } from "../../base/check-number.js";
import { duplexPair } from "../../base/memory-transport.js";
import type { Transport } from "../../base/transport.js";
import type { Api } from "../../contract/method.js";
import { packetChannelTo } from "../../ssh/client/dial-channel.js";
import type { Dialer } from "../../ssh/client/dialer.js";
import { type Limits, resolveLimits } from "../../wire/limits.js";
import { KorvGateway } from "./korv-gateway.js";
import { KORV_SEND_TIMEOUT, type KorvClientOptions } from "./korv-options.js";

/**
 * A transport to a server of the Python framework korv: a gateway translates between the native wire and korv's protocol,
 * over an SSH connection of its own. Calls of `api` are typed, validated and retried as over any transport; korv lacks
 * streams, metadata and deadlines, so these end at the gateway.
 */
export function korvTransport(
  api: Api,
  { to, address, dial }: Dialer,
  options: KorvClientOptions & { readonly limits?: Partial<Limits> },
): Transport {
  const { mapPath = (path) => path } = options;
  const sendTimeout = checkNumber("korv.sendTimeout", options.sendTimeout ?? KORV_SEND_TIMEOUT, 1, MAX_TIMEOUT);
  const config = { api, limits: resolveLimits(options.limits), mapPath, sendTimeout };
  return {
    address,
    async open(signal) {
      const channel = await dial(packetChannelTo(to.host, to.port, "does it serve korv?"), signal);
      const [near, far] = duplexPair();
      new KorvGateway(far, channel, config);
      return near;
    },
  };
}
