import type { Client } from "ssh2";
import type { Carrier } from "../channels/carrier.js";
import { describeDisconnect } from "../disconnect.js";
import { internalsOf } from "../internals.js";
import { allowDuringRekey } from "./allow-during-rekey.js";
import { guardChannels } from "./channel-guard.js";
import { guardPackets, MAX_SEND_BUFFER } from "./packet-guard.js";
import { keepRekeying, REKEY_DEFAULTS } from "./rekey.js";

/**
 * Installs the checks of a client's connection: of the server's channels and packets, and a rekey after 1 GiB or an
 * hour. Called right after `connect`, in the same turn.
 * @param abort ends the connection at once, with the reason
 */
export function guardDial(client: Client, socket: Carrier, abort: (reason: string) => void): void {
  const { protocol, channels } = internalsOf(client);
  describeDisconnect(protocol);
  allowDuringRekey(protocol, abort);
  guardChannels(protocol, channels, { abort, refused: () => {} });
  guardPackets(protocol, { socket, maxSendBuffer: MAX_SEND_BUFFER, isUnauthenticated: () => false, abort });
  keepRekeying(client, socket, REKEY_DEFAULTS, abort);
}
