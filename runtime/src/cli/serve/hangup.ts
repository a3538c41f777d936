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

/** Listens to SIGHUP. A shell and the system may each send one for a closed terminal: further ones do nothing. */
export function onHangup(io: CliIo): Hangup {
  const isTerminal = hasTerminal(io);
  let onReload: (() => void) | undefined;
  let listener = (): void => {};
  const closed = new Promise<"SIGHUP">((resolve) => {
    listener = () => {
      if (isTerminal) resolve("SIGHUP");
      else onReload?.();
    };
  });
  io.on("SIGHUP", listener);
  return {
    closed,
    onReload: (reload) => {
      onReload = reload;
    },
    stop: () => void io.off("SIGHUP", listener),
  };
}
