import type { Writable } from "node:stream";
import { anySignal } from "../../base/async/any-signal.js";
import type { Session } from "../../base/session.js";
import type { CommandStreams } from "./command-streams.js";
import { StandardInput } from "./standard-input.js";

/** The streams of a session without a terminal, for one command. */
export function sessionStreams(session: Session): CommandStreams & Required<Pick<CommandStreams, "input">> {
  const stopped = new AbortController();
  onStop(session, () => stopped.abort());
  return {
    input: new StandardInput(session.stream),
    signal: anySignal([session.signal, stopped.signal]),
    lost: session.signal,
    write: (chunk) => writeTo(session.stream, chunk),
    writeError: (text) => session.writeError(text),
  };
}

/** The signals that stop a command, as `ssh` forwards them. */
const STOPS = new Set(["INT", "TERM", "HUP", "QUIT"]);

/** Calls `stop` when the peer sends a signal that stops commands. */
export function onStop(session: Session, stop: () => void): void {
  session.onSignal((name) => {
    if (STOPS.has(name)) stop();
  });
}

/** Writes a chunk. Resolves when the stream accepts more or is closed; undefined where it accepts more at once. */
export function writeTo(stream: Writable, chunk: string | Uint8Array): Promise<void> | undefined {
  return stream.write(chunk) ? undefined : drained(stream);
}

/** Resolves as {@link writeTo} does, without a write. */
export function drained(stream: Writable): Promise<void> | undefined {
  if (!stream.writableNeedDrain || stream.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
}
