import type { Session } from "../../base/session.js";

/** The signals that stop a command, as `ssh` forwards them. */
const STOPS = new Set(["INT", "TERM", "HUP", "QUIT"]);

/** Calls `stop` when the peer sends a signal that stops commands. */
export function onStop(session: Session, stop: () => void): void {
  session.onSignal((name) => {
    if (STOPS.has(name)) stop();
  });
}
