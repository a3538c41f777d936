import type { Connection } from "ssh2";
import { internalsOf, wrapHandler } from "./internals.js";

/** The reason of a client that is done (RFC 4253, section 11.1). */
const BY_APPLICATION = 11;

/**
 * Calls `listener` when a client disconnects, with the reason where it is not the usual one. ssh2 reports the unusual
 * ones as an error like any other, and the usual one not at all (server.js:525). test/interop/audit-log.test.ts notices
 * a change.
 */
export function onDisconnect(connection: Connection, listener: (reason: string | undefined) => void): void {
  const { protocol } = internalsOf(connection);
  wrapHandler<[code: number, text: string]>(protocol, "DISCONNECT", (next) => (self, code, text) => {
    listener(code === BY_APPLICATION ? undefined : `the client disconnected: ${text || `code ${code}`}`);
    return next(self, code, text);
  });
}
