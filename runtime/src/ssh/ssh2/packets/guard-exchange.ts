import { getDiffieHellman } from "node:crypto";
import type { Socket } from "node:net";
import { KEXINIT, type Protocol } from "../internals.js";

/** The first message of a client after KEXINIT (RFC 4253, section 8, and RFC 5656, section 4). */
const KEXDH_INIT = 30;

/** The messages of key exchanges (RFC 4250, section 4.1.2). */
const FIRST = 20;
const LAST = 49;

const NOTHING = Buffer.alloc(0);

/** Runs a key exchange, at once or later; returns a function that cancels it. */
export type ScheduleExchange = (exchange: { readonly isExpensive: boolean; run(): void }) => () => void;

interface ExchangeGuardConfig {
  readonly socket: Socket;
  readonly schedule: ScheduleExchange;
  /** Ends the connection at once, with the reason for the log. */
  readonly abort: (reason: string) => void;
  /** Reports an error as ssh2 reports those of a packet. */
  readonly fail: (error: unknown) => void;
}

/**
 * Guards the key exchanges of a server's connection: checks the client's value, and lets `schedule` decide when the expensive part runs.
 * ssh2 runs it as soon as the value arrives, so that clients determine how much of the CPU it takes. Called before the first
 * exchange. test/unit/runtime/ssh/ssh2/packets/guard-exchange.test.ts notices a change.
 */
export function guardExchange(protocol: Protocol, config: ExchangeGuardConfig): void {
  let cancel = (): void => undefined;
  config.socket.on("close", () => cancel());
  // The packets of the first exchange go to its decipher alone.
  for (const receiver of [protocol, protocol._decipher]) {
    const receive = receiver._onPayload;
    receiver._onPayload = (payload) => {
      const result = receive(payload);
      if (payload[0] === KEXINIT)
        guardPackets(protocol, config, (cancelExchange) => {
          cancel = cancelExchange;
        });
      return result;
    };
  }
}

/** Guards the packets of the exchange that has begun; its end brings a new decipher. */
function guardPackets(
  protocol: Protocol,
  { schedule, abort, fail }: ExchangeGuardConfig,
  scheduled: (cancel: () => void) => void,
): void {
  const decipher = protocol._decipher;
  const next = decipher._onPayload;
  let isWaiting = false;
  const refuse = (reason: string): number => {
    abort(reason);
    // Makes ssh2 stop reading.
    return Number.POSITIVE_INFINITY;
  };
  decipher._onPayload = (packet) => {
    const [type = 0] = packet;
    // ssh2 skips the packet of a client that has guessed another method (RFC 4253, section 7).
    if (type < FIRST || type > LAST || protocol._skipNextInboundPacket) return next(packet);
    if (isWaiting) return refuse(`message ${type} before the reply to the key exchange`);
    const group = protocol._kex?.groupName;
    if (type !== KEXDH_INIT) return next(packet);
    if (group !== undefined && !isDhValue(packet.subarray(5), group))
      return refuse("the Diffie-Hellman value of the client is out of range");
    let result: unknown;
    let isLate = false;
    isWaiting = true;
    // A copy: the packet is a part of a chunk, whose memory may not last.
    let waiting = packet;
    const run = (): void => {
      isWaiting = false;
      // A connection lasts longer than its exchange, and must not hold the packet.
      const taken = waiting;
      waiting = NOTHING;
      try {
        result = next(taken);
      } catch (error) {
        if (!isLate) throw error;
        fail(error);
      }
    };
    scheduled(schedule({ isExpensive: group !== undefined, run }));
    isLate = true;
    if (isWaiting) waiting = Buffer.from(packet);
    return result;
  };
}

/**
 * Whether the client's value of a Diffie-Hellman exchange, an mpint (RFC 4251, section 5), is in the range. RFC 4253, section 8,
 * requires 1 to p - 1; as sshd, we refuse 1 and p - 1, too. ssh2 takes any bytes (protocol/kex.js:1066), negative numbers
 * included.
 * @param group such as `modp16`
 */
function isDhValue(value: Buffer, group: string): boolean {
  if ((value[0] ?? 0) >= 0x80) return false;
  const prime = BigInt(`0x${getDiffieHellman(group).getPrime("hex")}`);
  const number = BigInt(`0x0${value.toString("hex")}`);
  return number > 1n && number < prime - 1n;
}
