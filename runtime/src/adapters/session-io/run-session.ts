import type { Logger } from "../../base/log.js";
import type { Session } from "../../base/session.js";

/** Runs what gives the exit status of a session, and ends the session with it. It never throws. */
export async function runSession(session: Session, log: Logger, run: () => Promise<number>): Promise<void> {
  const { user, fingerprint, address } = session.peer;
  let status = 5;
  try {
    status = await run();
  } catch (error) {
    // A peer that is gone makes all kinds of errors, and is told of none.
    if (!session.signal.aborted) log.error({ user, fingerprint, address, err: error }, "a session failed");
  }
  try {
    await session.exit(status);
  } catch (error) {
    log.debug({ user, fingerprint, address, err: error }, "a session did not end well");
  }
}
