import { RpcError } from "../../contract/rpc-error.js";
import type { Logger } from "../../log.js";
import type { ApiServer } from "../../server/api-server.js";
import type { Session } from "../../session.js";
import { exitStatus } from "./exit-status.js";
import { runCommand } from "./run-command.js";
import { sessionStreams } from "./session-streams.js";

/** What commands run on. */
export interface ExecSetting {
  readonly server: ApiServer;
  readonly log: Logger;
}

/** Runs the command line that a peer gave to `ssh`, and ends its session with the exit status. It never throws. */
export async function exec(session: Session, line: string, { server, log }: ExecSetting): Promise<void> {
  const streams = sessionStreams(session);
  let status: number;
  try {
    status = await runCommand(line, { server, peer: session.peer, environment: session.environment, log }, streams);
  } catch (error) {
    // Nobody is left who could be told.
    if (!session.signal.aborted) log.error({ user: session.peer.user, err: error }, "a command could not be run");
    status = exitStatus(new RpcError("INTERNAL"));
  }
  await session.exit(status).catch((error) => log.debug({ err: error }, "a session did not end well"));
}
