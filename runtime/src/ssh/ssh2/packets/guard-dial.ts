import type { Client } from "ssh2";
import type { Carrier } from "../channels/carrier.js";
import { internalsOf } from "../internals.js";
import { allowDuringRekey } from "./allow-during-rekey.js";
import { guardChannels } from "./channel-guard.js";
import { guardPackets } from "./packet-guard.js";
import { keepRekeying, type RekeyLimits } from "./rekey.js";

/** The defaults of the server's options of these names. */
const REKEY: RekeyLimits = { rekeyBytes: 1024 ** 3, rekeyInterval: 3_600_000, rekeyTimeout: 30_000 };
const MAX_SEND_BUFFER = 32 * 1024 * 1024;

/**
 * Installs the checks of a client's connection: of the server's channels and packets, and a rekey after 1 GiB or an
 * hour. Called right after `connect`, in the same turn.
 * @param abort ends the connection at once, with the reason
 */
export function guardDial(client: Client, socket: Carrier, abort: (reason: string) => void): void {
  const { protocol, channels } = internalsOf(client);
  allowDuringRekey(protocol, abort);
  guardChannels(protocol, channels, { abort, refused: () => {} });
  guardPackets(protocol, { socket, maxSendBuffer: MAX_SEND_BUFFER, isUnauthenticated: () => false, abort });
  keepRekeying(client, socket, REKEY, abort);
}
