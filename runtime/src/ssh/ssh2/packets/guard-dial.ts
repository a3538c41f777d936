import type { Client } from "ssh2";
import type { Carrier } from "../channels/carrier.js";
import { internalsOf } from "../internals.js";
import { allowDuringRekey } from "./allow-during-rekey.js";
import { guardChannels } from "./channel-guard.js";
import { guardPackets } from "./packet-guard.js";
import { keepRekeying, type RekeyLimits } from "./rekey.js";

/** As on the server's side, where they are options. */
const REKEY: RekeyLimits = { rekeyBytes: 1024 ** 3, rekeyInterval: 3_600_000, rekeyTimeout: 30_000 };
const MAX_SEND_BUFFER = 32 * 1024 * 1024;

/**
 * Stands between ssh2 and the server that a client has dialled: what the server says of channels and questions is checked,
 * and the connection gets new keys after 1 GiB or an hour. It has to be called once the client was told to connect, in
 * the same turn.
 * @param abort ends the connection at once, with the reason
 */
export function guardDial(client: Client, socket: Carrier, abort: (reason: string) => void): void {
  const { protocol, channels } = internalsOf(client);
  allowDuringRekey(protocol, abort);
  guardChannels(protocol, channels, abort);
  guardPackets(protocol, socket, { maxSendBuffer: MAX_SEND_BUFFER }, () => false, abort);
  keepRekeying(client, socket, REKEY, abort);
}
