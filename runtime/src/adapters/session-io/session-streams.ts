import type { Session } from "../../base/session.js";
import type { CommandStreams } from "./command-streams.js";
import { StandardInput } from "./standard-input.js";
import { onStop } from "./stop-signal.js";
import { writeTo } from "./write-to.js";

/** The streams of a session without a terminal, for one command. */
export function sessionStreams(session: Session): CommandStreams & Required<Pick<CommandStreams, "input">> {
  const stopped = new AbortController();
  onStop(session, () => stopped.abort());
  return {
    input: new StandardInput(session.stream),
    signal: AbortSignal.any([session.signal, stopped.signal]),
    write: (chunk) => writeTo(session.stream, chunk),
    writeError: (text) => session.writeError(text),
  };
}
