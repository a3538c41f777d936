import type { Observer } from "../../base/observer/observer.js";
import type { ApiServer } from "../../server/api-server.js";
import type { ChannelHandler } from "../../ssh/server/channel-handler.js";
import { type KorvOptions, korvLimits } from "./korv-options.js";
import { serveKorv } from "./serve-korv.js";

/** What the korv adapter is built from. */
interface KorvAdapterConfig extends KorvOptions {
  readonly server: ApiServer;
  /** Receives the reasons for which channels end. Default: none. */
  readonly observer?: Observer | undefined;
}

/**
 * The korv adapter: gzip JSON over direct-tcpip. Undefined unless the option `korv` enables it.
 * @throws Error that names an invalid limit
 */
export function korvAdapter({
  server,
  korv,
  observer = {},
}: KorvAdapterConfig): ChannelHandler<"direct-tcpip"> | undefined {
  const limits = korvLimits(korv);
  return (
    limits && {
      name: "korv",
      // Every target matches: korv's client requests a connection to the server itself, by any name it has for it.
      match: ({ kind }) => kind === "direct-tcpip",
      run: ({ stream, peer }) => serveKorv(stream, { server, peer, limits, observer }),
    }
  );
}
