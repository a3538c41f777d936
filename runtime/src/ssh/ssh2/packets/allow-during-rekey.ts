import type { Protocol } from "../internals.js";

const KEXINIT = 20;

/** Messages to be ignored, of what is not implemented, and for debugging (RFC 4253, section 11). */
const ALWAYS_ALLOWED: ReadonlySet<number> = new Set([2, 3, 4]);

/** The first and the last message of the connection protocol (RFC 4250, section 4.1.1). */
const CONNECTION = { first: 80, last: 127 } as const;

/** Bytes of payload between a peer's KEXINIT and its NEWKEYS: the windows of 16 channels. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Packets in that time: a window of 2 MiB in pieces of 16 bytes, each after a message to be ignored, as asyncssh sends them. */
const MAX_PACKETS = 262_144;

/**
 * Accepts two kinds of messages between a peer's KEXINIT and its NEWKEYS that ssh2 1.17.0 refuses, and bounds them. Messages
 * without a meaning: strict key exchange forbids them in the first exchange alone (PROTOCOL of OpenSSH, section 1.9). Messages
 * of the connection protocol: RFC 4253, section 7.1, forbids them, but asyncssh sends channel data there and sshd takes it.
 * The first exchange stays as strict as ssh2 has it. It works on either side, and has to be called before that exchange.
 * @param abort ends the connection at once, with the reason for the log
 */
export function allowDuringRekey(protocol: Protocol, abort: (reason: string) => void): void {
  const receive = protocol._onPayload;
  protocol._onPayload = (payload) => {
    const result = receive(payload);
    if (payload[0] !== KEXINIT) return result;
    // What takes the packets of this exchange; with the new keys, there is a new one.
    const decipher = protocol._decipher;
    const exchange = decipher._onPayload;
    let [bytes, packets] = [0, 0];
    decipher._onPayload = (packet) => {
      bytes += packet.length;
      packets += 1;
      if (bytes > MAX_BYTES || packets > MAX_PACKETS) {
        abort(`it sends ${bytes} bytes in ${packets} packets before it finishes a key exchange`);
        // ssh2's word for: read no further.
        return Number.POSITIVE_INFINITY;
      }
      const [type = 0] = packet;
      if (ALWAYS_ALLOWED.has(type)) return undefined;
      const isConnection = type >= CONNECTION.first && type <= CONNECTION.last;
      // Through all checks, and not from `receive` on: what is called here is what stands there by then.
      return isConnection ? protocol._onPayload(packet) : exchange(packet);
    };
    return result;
  };
}
