import type { Socket } from "node:net";
import type { Connection } from "ssh2";
import type { Logger } from "../../../base/log.js";
import { printable } from "../../../base/printable.js";
import type { GuardSettings } from "../../admission/guard-config.js";
import { internalsOf, type Protocol } from "../internals.js";
import { fitOffer } from "./adjust-offer.js";
import { mendRekey } from "./allow-during-rekey.js";
import { guardChannels } from "./channel-guard.js";
import { guardRefusals } from "./guard-requests.js";
import { endWhenIdle } from "./idle.js";
import { guardPackets } from "./packet-guard.js";
import { mendLogin } from "./patch-ext-info.js";
import { keepRekeying } from "./rekey.js";

/** What the guard of a connection needs to know, and can do. */
export interface Guarded {
  readonly connection: Connection;
  readonly socket: Socket;
  readonly settings: GuardSettings;
  readonly log: Logger;
  /** What the log says of the peer. */
  readonly who: () => object;
  /** Whether the peer has not logged in. */
  readonly isStranger: () => boolean;
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
  const { connection, socket, settings, log, who, isStranger, abort } = guarded;
  const { protocol, channels } = internalsOf(connection);
  fitOffer(protocol, settings.chosen);
  mendLogin(protocol);
  mendRekey(protocol, abort);
  guardChannels(protocol, channels, abort);
  guardRefusals(protocol, settings.maxRefusals, abort);
  guardPackets(protocol, socket, settings, isStranger, abort);
  keepRekeying(connection, socket, settings, abort);
  connection.on("rekey", () => log.debug(who(), "new keys"));
  limitLogin(guarded);
  logDebugMessages(protocol, guarded);
  if (settings.idleTimeout > 0) endWhenIdle(connection, socket, settings.idleTimeout, abort);
}

/** Bounds what a stranger may send, also where it is no packet yet, or one of a key exchange. */
function limitLogin({ connection, socket, settings: { loginBytes }, isStranger, abort }: Guarded): void {
  const count = () => {
    if (!isStranger()) socket.off("data", count);
    else if (socket.bytesRead > loginBytes)
      abort(`it has sent ${socket.bytesRead} bytes without logging in (loginBytes)`);
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
