import type { Writable } from "node:stream";
import type { Session } from "../../session.js";
import { StandardInput } from "./standard-input.js";

/** What a command reads and writes. */
export interface CommandStreams {
  readonly input: AsyncIterableIterator<Buffer>;
  /** Aborts when the peer stops the command, or is gone. */
  readonly signal: AbortSignal;
  /** Writes to standard output. Resolves when it takes more; undefined where it does already. */
  write(chunk: string | Uint8Array): Promise<void> | undefined;
  /** Writes to standard error, after what standard output holds by then. */
  writeError(text: string): Promise<void>;
}

/** The signals that stop a command. */
const STOPS = new Set(["INT", "TERM", "HUP", "QUIT"]);

/** The streams of a session as they are. What of its input nobody reads is dropped. */
export function sessionStreams(session: Session): CommandStreams {
  const { stream } = session;
  const stopped = new AbortController();
  session.onSignal = (name) => {
    if (STOPS.has(name)) stopped.abort();
  };
  const input = new StandardInput(stream);
  return {
    input,
    signal: AbortSignal.any([session.signal, stopped.signal]),
    write: (chunk) => writeTo(stream, chunk),
    writeError: (text) => session.writeError(text),
  };
}

/** Resolves when the stream takes more, or will take nothing any more; undefined where it takes more already. */
export function writeTo(stream: Writable, chunk: string | Uint8Array): Promise<void> | undefined {
  if (stream.write(chunk) || stream.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
}
