import { getDiffieHellman } from "node:crypto";
import { KEXINIT, type Protocol } from "../internals.js";

const KEXDH_INIT = 30;

/**
 * Checks the client's value of a Diffie-Hellman exchange, which must be in the range 1 to p - 1 (RFC 4253, section 8); as sshd, it
 * refuses 1 and p - 1, too. ssh2 takes any bytes (protocol/kex.js:1066), negative numbers included. Called before the first
 * exchange. test/unit/runtime/ssh/ssh2/packets/check-dh-value.test.ts notices a change.
 * @param abort ends the connection at once, with the reason for the log
 */
export function checkDhValue(protocol: Protocol, abort: (reason: string) => void): void {
  // The packets of the first exchange go to its decipher alone.
  for (const receiver of [protocol, protocol._decipher]) {
    const receive = receiver._onPayload;
    receiver._onPayload = (payload) => {
      const result = receive(payload);
      if (payload[0] === KEXINIT) checkExchange(protocol, abort);
      return result;
    };
  }
}

function checkExchange(protocol: Protocol, abort: (reason: string) => void): void {
  const exchange = protocol._kex;
  if (exchange?.groupName === undefined) return;
  const prime = getDiffieHellman(exchange.groupName).getPrime();
  // The receiver of this exchange's packets.
  const decipher = protocol._decipher;
  const next = decipher._onPayload;
  decipher._onPayload = (packet) => {
    if (packet[0] !== KEXDH_INIT || isInRange(packet.subarray(5), prime)) return next(packet);
    abort("the Diffie-Hellman value of the client is out of range");
    // Makes ssh2 stop reading.
    return Number.POSITIVE_INFINITY;
  };
}

/** Whether an mpint (RFC 4251, section 5) is over 1 and under p - 1. */
function isInRange(value: Buffer, prime: Buffer): boolean {
  if ((value[0] ?? 0) >= 0x80) return false;
  const number = BigInt(`0x0${value.toString("hex")}`);
  return number > 1n && number < BigInt(`0x${prime.toString("hex")}`) - 1n;
}
