import type { Client } from "ssh2";
import type { Carrier } from "../channels/carrier.js";
import { describeDisconnect } from "../disconnect.js";
import { internalsOf } from "../internals.js";
import { offerKex } from "../kex/offer-kex.js";
import { reusePackets } from "../packet-memory.js";
import { allowDuringRekey } from "./allow-during-rekey.js";
import { guardChannels } from "./channel-guard.js";
import { type KeepaliveConfig, keepAlive } from "./keepalive.js";
import { guardPackets, MAX_SEND_BUFFER } from "./packet-guard.js";
import { keepRekeying, REKEY_DEFAULTS } from "./rekey.js";

/** A client's connection to guard. */
interface GuardedDial {
  readonly client: Client;
  readonly socket: Carrier;
  /** The key exchanges to offer, in the order of preference. */
  readonly kex: readonly string[];
  /** Default: no keepalives. */
  readonly keepalive?: KeepaliveConfig;
  /** Ends the connection at once, with the reason. */
  readonly abort: (reason: string) => void;
}

/**
 * Installs the checks of a client's connection: of the server's channels and packets, a rekey after 1 GiB or an
 * hour, and keepalives. Called right after `connect`, in the same turn.
 */
export function guardDial({ client, socket, kex, keepalive, abort }: GuardedDial): void {
  const { protocol, channels } = internalsOf(client);
  describeDisconnect(protocol);
  offerKex(protocol, kex);
  allowDuringRekey(protocol, abort);
  guardChannels(protocol, channels, { abort, refused: () => {} });
  guardPackets(protocol, { socket, maxSendBuffer: MAX_SEND_BUFFER, isUnauthenticated: () => false, abort });
  keepRekeying(client, socket, REKEY_DEFAULTS, abort);
  if (keepalive !== undefined) keepAlive(client, socket, keepalive);
  reusePackets(client, socket);
}
