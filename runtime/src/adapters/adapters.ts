import type { Logger } from "../base/log.js";
import type { Observer } from "../base/observer/observer.js";
import { SUBSYSTEM } from "../base/version.js";
import type { ApiServer } from "../server/api-server.js";
import type { ChannelHandler } from "../ssh/server/channel-handler.js";
import { refuseConnection } from "../wire/close-duplex.js";
import type { AdapterOptions } from "./adapter-options.js";
import { execAdapter } from "./exec/exec-adapter.js";
import { sftpAdapter } from "./exec/sftp-adapter.js";
import { korvAdapter } from "./korv/korv-adapter.js";
import { shellAdapter } from "./shell/shell-adapter.js";

/** What adapters are built from. */
export interface AdapterConfig extends AdapterOptions {
  readonly server: ApiServer;
  readonly log: Logger;
  /** Receives what is not an event of a call. Default: none. */
  readonly observer?: Observer | undefined;
}

/** Each builds its adapter from its own option; undefined where the option disables it. The first match serves a request. */
const ADAPTERS: readonly ((config: AdapterConfig) => ChannelHandler | undefined)[] = [
  nativeAdapter,
  execAdapter,
  shellAdapter,
  korvAdapter,
  sftpAdapter,
];

/**
 * The adapters that the options enable. All of them call the same `server`.
 * @throws Error that names an invalid option
 */
export function buildAdapters(config: AdapterConfig): readonly ChannelHandler[] {
  return ADAPTERS.flatMap((build) => build(config) ?? []);
}

/** The native wire: the subsystem `sshrpc`, or a stdio connection. */
function nativeAdapter({ server }: AdapterConfig): ChannelHandler<"subsystem"> {
  return {
    name: "native",
    match: (request) => request.kind === "subsystem" && request.name === SUBSYSTEM,
    run: ({ stream, peer }) => server.accept(stream, peer),
    deny: ({ stream }, reason) => refuseConnection(stream, reason),
  };
}
