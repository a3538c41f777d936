import type { Client } from "ssh2";
import { everyInterval } from "../../../base/async/shared-interval.js";
import type { Carrier } from "../channels/carrier.js";
import { attempt, globalReplies, internalsOf } from "../internals.js";

/** How often the connections are looked at, in milliseconds. */
const TICK = 1000;

/** How a server that has gone is noticed. */
export interface KeepaliveConfig {
  /** Milliseconds without a byte from the server until a keepalive is sent; 0 for none. */
  readonly interval: number;
  /** Unanswered keepalives after which the server has gone. */
  readonly countMax: number;
  /** Ends the connection. */
  readonly lost: (reason: string) => void;
}

/**
 * Sends a keepalive when nothing has arrived for an interval. ssh2 sends them also while data arrives, from a timer of each
 * connection (client.js:710): 500 idle connections would wake client and server 33 times a second.
 */
export function keepAlive(client: Client, socket: Carrier, { interval, countMax, lost }: KeepaliveConfig): void {
  if (interval === 0) return;
  let received = 0;
  let missed = 0;
  let dueAt = 0;
  const answered = (): void => {
    missed = 0;
    received = socket.bytesRead;
  };
  const check = (now: number): void => {
    if (now < dueAt) return;
    // A tick is late rather than early, and must not delay the next one further.
    dueAt = now + interval - Math.min(TICK, interval) / 2;
    if (socket.bytesRead !== received) answered();
    else if (missed >= countMax) lost("Keepalive timeout");
    else if (socket.writable) {
      missed += 1;
      globalReplies(client).push(answered);
      attempt(() => internalsOf(client).protocol.ping());
    }
  };
  client.once("ready", () => {
    dueAt = performance.now() + interval;
    socket.on("close", everyInterval(Math.min(TICK, interval), check));
  });
}
