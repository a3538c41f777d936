import type { Socket } from "node:net";
import type { Connection } from "ssh2";
import type { Turn } from "../../../base/accounts/turns.js";
import type { ConnectionEvent, Observer } from "../../../base/observer/observer.js";
import { printable } from "../../../base/printable.js";
import type { AlgorithmChoice } from "../../algorithms.js";
import { describeDisconnect } from "../disconnect.js";
import { internalsOf, wrapHandler } from "../internals.js";
import { offerKex } from "../kex/offer-kex.js";
import { reusePackets } from "../packet-memory.js";
import { adjustOfferForClient } from "./adjust-offer.js";
import { allowDuringRekey } from "./allow-during-rekey.js";
import { guardChannels } from "./channel-guard.js";
import { guardExchange, type ScheduleExchange } from "./guard-exchange.js";
import { guardRequests, limitRequests } from "./guard-requests.js";
import { endWhenIdle } from "./idle.js";
import { guardPackets } from "./packet-guard.js";
import { patchExtInfo } from "./patch-ext-info.js";
import { keepRekeying, type RekeyLimits } from "./rekey.js";
import { takeTurns } from "./take-turns.js";

/** The limits of one connection; see GuardOptions. */
interface ConnectionLimits extends RekeyLimits {
  readonly maxPreAuthBytes: number;
  readonly maxRefusals: number;
  readonly maxRequests: number;
  readonly maxSendBuffer: number;
  /** The algorithm lists that the operator has set. */
  readonly chosen: AlgorithmChoice;
  /** The key exchanges to offer, in the order of preference. */
  readonly kex: readonly string[];
}

/** A connection to guard, and what its guard needs. */
interface GuardedConnection {
  readonly connection: Connection;
  readonly socket: Socket;
  readonly limits: ConnectionLimits;
  readonly observer: Observer;
  /** The connection of its events. */
  readonly about: () => ConnectionEvent;
  readonly isUnauthenticated: () => boolean;
  /** Decides when the expensive part of a key exchange runs. */
  readonly scheduleExchange: ScheduleExchange;
  /** When the connection is idle, and how it ends then. */
  readonly idle: Parameters<typeof endWhenIdle>[2];
  /** The turns of the peer; undefined before it has authenticated. */
  readonly turn: () => Turn | undefined;
  /** Ends the connection at once, with the reason for the log. */
  readonly abort: (reason: string) => void;
}

/** How many DEBUG messages of one connection are reported. */
const DEBUG_MESSAGES = 10;

/**
 * Installs the checks and patches of a server's connection: those of what ssh2 trusts, does not limit, or sends
 * wrongly. Called in the turn in which ssh2 announces the connection, before the first key exchange.
 */
export function guardConnection(guarded: GuardedConnection): void {
  const { connection, socket, limits, observer, about, isUnauthenticated, abort } = guarded;
  const { protocol, channels } = internalsOf(connection);
  describeDisconnect(protocol);
  adjustOfferForClient(protocol, limits.chosen);
  offerKex(protocol, limits.kex);
  patchExtInfo(protocol);
  allowDuringRekey(protocol, abort);
  guardExchange(protocol, {
    socket,
    abort,
    schedule: guarded.scheduleExchange,
    fail: (error) => (connection as NodeJS.EventEmitter).emit("error", error),
  });
  const refused = (reason: string): void =>
    observer.diagnostic?.({ ...about(), level: "info", message: "channel refused", fields: { reason } });
  guardChannels(protocol, channels, { abort, refused });
  guardRequests(protocol, limits.maxRefusals, abort);
  limitRequests(protocol, limits.maxRequests, abort);
  guardPackets(protocol, { socket, maxSendBuffer: limits.maxSendBuffer, isUnauthenticated, abort });
  keepRekeying(connection, socket, limits, abort);
  reusePackets(connection, socket);
  connection.on("rekey", () => observer.rekeyed?.(about()));
  limitPreAuthBytes(guarded);
  reportDebugMessages(guarded);
  if (guarded.idle.timeout > 0) endWhenIdle(connection, socket, guarded.idle);
  takeTurns(connection, socket, guarded.turn);
}

/** Bounds the bytes before authentication, also those of incomplete packets and of key exchanges. */
function limitPreAuthBytes({ connection, socket, limits, isUnauthenticated, abort }: GuardedConnection): void {
  const count = () => {
    if (!isUnauthenticated()) socket.off("data", count);
    else if (socket.bytesRead > limits.maxPreAuthBytes)
      abort(`${socket.bytesRead} bytes received before authentication (maxPreAuthBytes)`);
  };
  socket.on("data", count);
  connection.once("ready", () => socket.off("data", count));
}

/** Reports the first DEBUG messages, which ssh2 passes to its own debug function alone (server.js:524). */
function reportDebugMessages({ connection, observer, about }: GuardedConnection): void {
  let remaining = DEBUG_MESSAGES;
  const { protocol } = internalsOf(connection);
  wrapHandler<[display: boolean, text: string]>(protocol, "DEBUG", () => (_self, _display, text) => {
    if (remaining-- <= 0) return;
    const fields = { text: printable(String(text)) };
    observer.diagnostic?.({ ...about(), level: "debug", message: "debug message of the client", fields });
  });
}
