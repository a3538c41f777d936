import { type CliIo, hasTerminal } from "../shared/io.js";

/** What SIGHUP does. */
export interface Hangup {
  /** Resolves when the terminal is closed. */
  readonly closed: Promise<"SIGHUP">;
  /** Sets what happens without a controlling terminal; undefined for nothing, as at first. */
  onReload(reload: (() => void) | undefined): void;
  /** Removes the listener. */
  stop(): void;
}

/** Listens to SIGHUP, and to SIGUSR1, which always reloads. A shell and the system may each send one for a closed terminal: further ones do nothing. */
export function onHangup(io: CliIo): Hangup {
  const isTerminal = hasTerminal(io);
  let onReload: (() => void) | undefined;
  const reload = (): void => onReload?.();
  let listener = reload;
  const closed = new Promise<"SIGHUP">((resolve) => {
    if (isTerminal) listener = () => resolve("SIGHUP");
  });
  io.on("SIGHUP", listener);
  // Without a listener, Node opens a port for its debugger.
  io.on("SIGUSR1", reload);
  return {
    closed,
    onReload: (next) => {
      onReload = next;
    },
    stop: () => {
      io.off("SIGHUP", listener);
      io.off("SIGUSR1", reload);
    },
  };
}
