import type { Logger } from "../../base/log.js";
import type { Session } from "../../base/session.js";

/** Runs a session and exits it with the status that `run` returns. It never throws. */
export async function runSession(session: Session, log: Logger, run: () => Promise<number>): Promise<void> {
  const { user, fingerprint, address } = session.peer;
  let status = 5;
  try {
    status = await run();
  } catch (error) {
    // A lost peer causes many kinds of errors, and none of them can be reported to it.
    if (!session.signal.aborted) log.error({ user, fingerprint, address, err: error }, "a session failed");
  }
  try {
    await session.exit(status);
  } catch (error) {
    log.debug({ user, fingerprint, address, err: error }, "a session did not exit cleanly");
  }
}
