import type { Logger } from "../../base/log.js";
import type { ApiServer } from "../../server/api-server.js";
import type { ChannelHandler } from "../../ssh/server/channel-handler.js";
import { Catalog } from "../catalog/catalog.js";
import { runSession } from "../session-io/run-session.js";
import type { ExecAdapterOptions } from "./exec-options.js";
import { insteadOf } from "./file-programs.js";

/** What the sftp adapter is built from. */
interface SftpAdapterConfig {
  readonly server: ApiServer;
  readonly log: Logger;
  readonly exec?: boolean | ExecAdapterOptions;
}

/**
 * Answers the subsystem `sftp`, which `sftp` and `scp` request, with what to run instead: they show standard error, and a
 * refused subsystem has no reason. Undefined where the option `exec` is false: then there is nothing to run instead.
 */
export function sftpAdapter({ server, log, exec = true }: SftpAdapterConfig): ChannelHandler<"subsystem"> | undefined {
  if (exec === false) return undefined;
  return {
    name: "sftp",
    asSession: true,
    match: (request) => request.kind === "subsystem" && request.name === "sftp",
    run: (session) => {
      if (!("exit" in session)) return;
      void runSession(session, { server, log }, async () => {
        await session.writeError(insteadOf("sftp", new Catalog(server.api, session.peer)));
        return 1;
      });
    },
  };
}
