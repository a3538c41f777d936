import type { Logger } from "../../base/log.js";
import { connectionFields } from "../../base/observer/line-fields.js";
import type { Session } from "../../base/session.js";
import type { ApiServer } from "../../server/api-server.js";

/** Where failures of sessions are logged. */
interface SessionLog {
  readonly log: Logger;
  readonly server: Pick<ApiServer, "failures" | "sessions">;
}

/** Runs a session and exits it with the status that `run` returns. A shutdown waits for it. It never throws. */
export function runSession(session: Session, config: SessionLog, run: () => Promise<number>): Promise<void> {
  const ended = untilExit(session, config, run);
  config.server.sessions.add(ended);
  return ended;
}

async function untilExit(session: Session, { log, server }: SessionLog, run: () => Promise<number>): Promise<void> {
  const about = connectionFields({ peer: session.peer });
  let status = 5;
  try {
    status = await run();
  } catch (error) {
    // A lost peer causes many kinds of errors, and none of them can be reported to it.
    if (!session.signal.aborted && server.failures.admit(session.peer, "session"))
      log.error({ ...about, err: error }, "a session failed");
  }
  try {
    await session.exit(status);
  } catch (error) {
    log.debug({ ...about, err: error }, "a session did not exit cleanly");
  }
}
