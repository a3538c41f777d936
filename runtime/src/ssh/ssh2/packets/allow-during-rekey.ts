import { KEXINIT, type Protocol } from "../internals.js";

/** IGNORE, UNIMPLEMENTED and DEBUG (RFC 4253, section 11). */
const ALWAYS_ALLOWED: ReadonlySet<number> = new Set([2, 3, 4]);

/** The first and the last message of the connection protocol (RFC 4250, section 4.1.1). */
const CONNECTION = { first: 80, last: 127 } as const;

/** Bytes of payload between a peer's KEXINIT and its NEWKEYS: the windows of 16 channels. */
export const MAX_BYTES = 32 * 1024 * 1024;

/** Packets in that time: a window of 2 MiB in packets of 16 bytes, each after an IGNORE, as asyncssh sends them. */
export const MAX_PACKETS = 262_144;

/**
 * Accepts two kinds of messages between a peer's KEXINIT and its NEWKEYS that ssh2 rejects (protocol/kex.js:505 and
 * 1770), and bounds them. IGNORE, UNIMPLEMENTED and DEBUG: strict key exchange forbids them in the first exchange alone
 * (PROTOCOL of OpenSSH, section 1.9). Messages of the connection protocol: RFC 4253, section 7.1, forbids them, but
 * asyncssh sends channel data there and sshd takes it. The first exchange stays as strict as in ssh2. Works on either
 * side; called before that exchange. test/unit/runtime/ssh/ssh2/packets/patches.test.ts notices a change.
 * @param abort ends the connection at once, with the reason for the log
 */
export function allowDuringRekey(protocol: Protocol, abort: (reason: string) => void): void {
  const receive = protocol._onPayload;
  protocol._onPayload = (payload) => {
    const result = receive(payload);
    if (payload[0] !== KEXINIT) return result;
    // The receiver of this exchange's packets; the end of the exchange brings a new decipher.
    const decipher = protocol._decipher;
    const exchange = decipher._onPayload;
    let [bytes, packets] = [0, 0];
    decipher._onPayload = (packet) => {
      bytes += packet.length;
      packets += 1;
      if (bytes > MAX_BYTES || packets > MAX_PACKETS) {
        abort(`${bytes} bytes in ${packets} packets during one key exchange`);
        // Makes ssh2 stop reading.
        return Number.POSITIVE_INFINITY;
      }
      const [type = 0] = packet;
      if (ALWAYS_ALLOWED.has(type)) return undefined;
      const isConnection = type >= CONNECTION.first && type <= CONNECTION.last;
      // Through all checks, also those that were installed after this one.
      return isConnection ? protocol._onPayload(packet) : exchange(packet);
    };
    return result;
  };
}
