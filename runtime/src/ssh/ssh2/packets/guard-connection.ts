import type { Socket } from "node:net";
import type { Connection } from "ssh2";
import type { Logger } from "../../../base/log.js";
import { printable } from "../../../base/printable.js";
import type { GuardConfig } from "../../admission/guard-config.js";
import { internalsOf, type Protocol } from "../internals.js";
import { adjustOfferForClient } from "./adjust-offer.js";
import { allowDuringRekey } from "./allow-during-rekey.js";
import { guardChannels } from "./channel-guard.js";
import { guardRequests } from "./guard-requests.js";
import { endWhenIdle } from "./idle.js";
import { guardPackets } from "./packet-guard.js";
import { patchExtInfo } from "./patch-ext-info.js";
import { keepRekeying } from "./rekey.js";

/** What the guard of a connection needs to know, and can do. */
export interface Guarded {
  readonly connection: Connection;
  readonly socket: Socket;
  readonly config: GuardConfig;
  readonly log: Logger;
  /** What the log says of the peer. */
  readonly who: () => object;
  /** Whether the peer has not logged in. */
  readonly isUnauthenticated: () => boolean;
  /** Ends the connection at once, with the reason for the log. */
  readonly abort: (reason: string) => void;
}

/** How many debug messages of one connection are logged. */
const DEBUG_MESSAGES = 10;

/**
 * Stands between ssh2 and the client of a server's connection, in what ssh2 believes too easily, counts never, or says
 * wrongly. It has to be called in the turn in which ssh2 announces the connection: before the first exchange of keys.
 */
export function guardConnection(guarded: Guarded): void {
  const { connection, socket, config, log, who, isUnauthenticated, abort } = guarded;
  const { protocol, channels } = internalsOf(connection);
  adjustOfferForClient(protocol, config.chosen);
  patchExtInfo(protocol);
  allowDuringRekey(protocol, abort);
  guardChannels(protocol, channels, abort);
  guardRequests(protocol, config.maxRefusals, abort);
  guardPackets(protocol, socket, config, isUnauthenticated, abort);
  keepRekeying(connection, socket, config, abort);
  connection.on("rekey", () => log.debug(who(), "new keys"));
  limitLogin(guarded);
  logDebugMessages(protocol, guarded);
  if (config.idleTimeout > 0) endWhenIdle(connection, socket, config.idleTimeout, abort);
}

/** Bounds what a stranger may send, also where it is no packet yet, or one of a key exchange. */
function limitLogin({ connection, socket, config: { maxPreAuthBytes }, isUnauthenticated, abort }: Guarded): void {
  const count = () => {
    if (!isUnauthenticated()) socket.off("data", count);
    else if (socket.bytesRead > maxPreAuthBytes)
      abort(`it has sent ${socket.bytesRead} bytes without logging in (maxPreAuthBytes)`);
  };
  socket.on("data", count);
  connection.once("ready", () => socket.off("data", count));
}

function logDebugMessages(protocol: Protocol, { log, who }: Guarded): void {
  let left = DEBUG_MESSAGES;
  const handlers = protocol._handlers as Record<string, unknown>;
  handlers["DEBUG"] = (_self: unknown, _display: boolean, text: string) => {
    if (left-- > 0) log.debug({ ...who(), text: printable(String(text)) }, "debug message of the client");
  };
}
