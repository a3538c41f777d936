import type { Protocol } from "./protocol.js";

const KEXINIT = 20;

/** Messages to be ignored, of what is not implemented, and for debugging (RFC 4253, section 11). */
const ALWAYS_ALLOWED: ReadonlySet<number> = new Set([2, 3, 4]);

/**
 * Lets a peer send messages without a meaning while keys are exchanged anew, as asyncssh does. The strict key exchange
 * forbids them in the first exchange alone (PROTOCOL of OpenSSH, section 1.9), and ssh2 1.17.0 in all of them. It works
 * on either side, and has to be called before the first exchange.
 */
export function mendRekey(protocol: Protocol): void {
  const receive = protocol._onPayload;
  protocol._onPayload = (payload) => {
    const result = receive(payload);
    if (payload[0] !== KEXINIT) return result;
    // What takes the packets of this exchange; with the new keys, there is a new one.
    const decipher = protocol._decipher;
    const exchange = decipher._onPayload;
    decipher._onPayload = (packet) => (ALWAYS_ALLOWED.has(packet[0] ?? 0) ? undefined : exchange(packet));
    return result;
  };
}
