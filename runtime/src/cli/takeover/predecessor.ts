import type { ListenHandle } from "../../ssh/server/socket-source.js";
import { endHung } from "../shared/end-hung.js";
import type { CliIo } from "../shared/io.js";

/** The variable by which a process tells the child that it starts as a successor. */
export const PARENT = "SSHRPC_SUCCESSOR_OF";

/** Milliseconds after which a successor is killed whose event loop hangs while it starts: no other process would end it. */
export const START_PATIENCE = 20_000;

/** The sockets of a running server, by name. */
type PassedSockets = ReadonlyMap<string, readonly ListenHandle[]>;

/** The running server, as its successor sees it. */
export interface Predecessor {
  /** Asks for the sockets. It goes on to serve them. @throws Error if it has ended, or ended the takeover */
  sockets(): Promise<PassedSockets>;
  /** This process serves. Resolves when the other one has released the path of its control socket, and drains. */
  ready(): Promise<void>;
  /** This process ends before it is ready. Further calls do nothing. */
  leave(): void;
}

interface Message {
  readonly type: "socket" | "listening" | "released";
  readonly name?: string;
}

/** The predecessor of a process that was started as a successor; see {@link startSuccessor}. */
export function predecessorOf(io: CliIo): Predecessor | undefined {
  if (io.env[PARENT] !== String(io.ppid) || io.send === undefined) return undefined;
  let isLost = io.connected === false;
  const stopWatch = endHung({ patience: START_PATIENCE });
  const waiting = new Set<(error: Error) => void>();
  const lost = (): void => {
    isLost = true;
    for (const fail of waiting) fail(lostError());
    waiting.clear();
  };
  io.on("disconnect", lost);
  const ask = <Result>(request: string, onMessage: (message: Message, handle: unknown) => Result | undefined) =>
    new Promise<Result>((resolve, reject) => {
      if (isLost) {
        reject(lostError());
        return;
      }
      waiting.add(reject);
      const listener = (message: unknown, handle?: unknown): void => {
        const result = onMessage(message as Message, handle);
        if (result === undefined) return;
        io.off("message", listener);
        waiting.delete(reject);
        resolve(result);
      };
      io.on("message", listener);
      io.send?.({ type: request }, undefined, undefined, () => undefined);
    });
  const leave = (): void => {
    stopWatch();
    io.off("disconnect", lost);
    if (!isLost) io.disconnect?.();
    isLost = true;
  };
  return {
    sockets: async () => {
      const passed = new Map<string, ListenHandle[]>();
      const next = () =>
        ask("next", ({ type, name = "" }, handle) => {
          if (type === "socket") passed.set(name, [...(passed.get(name) ?? []), { handle: handle as object }]);
          return type;
        });
      while ((await next()) === "socket");
      return passed;
    },
    ready: async () => {
      // The running server goes on: no signal of its user would reach this one.
      if (io.env[PARENT] !== String(io.ppid)) throw new Error("takeover: the command that started it is gone");
      await ask("ready", ({ type }) => (type === "released" ? true : undefined));
      leave();
    },
    leave,
  };
}

function lostError(): Error {
  return new Error("takeover: the running server has ended it; its log has the reason");
}
