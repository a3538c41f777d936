import type { Connection } from "ssh2";
import { internalsOf } from "./internals.js";

/** What clients say when they have done what they came for (RFC 4253, section 11.1). */
const BY_APPLICATION = 11;

/** Tells that a client says goodbye, and why, where it is not the usual reason. ssh2 keeps most of it to itself. */
export function onDisconnect(connection: Connection, listener: (reason: string | undefined) => void): void {
  const { _handlers } = internalsOf(connection).protocol;
  const handlers = _handlers as Record<string, ((self: unknown, code: number, text: string) => unknown) | undefined>;
  const handle = handlers["DISCONNECT"];
  handlers["DISCONNECT"] = (self, code, text) => {
    listener(code === BY_APPLICATION ? undefined : `the client disconnected: ${text || `code ${code}`}`);
    return handle?.(self, code, text);
  };
}
