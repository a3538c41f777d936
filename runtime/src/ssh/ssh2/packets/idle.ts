import type { Socket } from "node:net";
import type { Connection } from "ssh2";
import { internalsOf } from "../internals.js";

/** Messages about channels (RFC 4250, section 4.1.2). */
const FIRST = 90;
const LAST = 100;

/** Milliseconds for the client to close a connection that was drained. */
export const DRAIN_GRACE = 10_000;

/** How idle connections are found and ended. */
interface IdleConfig {
  /** Milliseconds since authentication, or since the last packet of a channel. */
  readonly timeout: number;
  /** How many open channels are not in use, such as one that carries calls while none runs. */
  readonly unusedChannels: () => number;
  /** Whether the server listens for the peer. */
  readonly hasListeners: () => boolean;
  /** Asks the peer to end the channels that are not in use. */
  readonly drain: () => void;
  /** Ends the connection. */
  readonly end: () => void;
}

/**
 * Ends a connection that nothing has used for `timeout`: no channel in use, and no packet of a channel; keepalives do not count. A
 * peer with channels is asked to end them first, so that no call on its way is lost. ssh2 has no such limit.
 * test/faults/guard/silence.test.ts notices a change of the private fields.
 */
export function endWhenIdle(connection: Connection, socket: Socket, config: IdleConfig): void {
  const { protocol, channels } = internalsOf(connection);
  let timer: NodeJS.Timeout | undefined;
  let isDraining = false;
  const check = (): void => {
    const unused = config.unusedChannels();
    if (channels._count > unused || config.hasListeners()) timer?.refresh();
    else if (isDraining || unused === 0) config.end();
    else {
      isDraining = true;
      timer = setTimeout(check, Math.min(config.timeout, DRAIN_GRACE)).unref();
      config.drain();
    }
  };
  connection.once("ready", () => {
    timer = setTimeout(check, config.timeout).unref();
  });
  socket.on("close", () => clearTimeout(timer));
  const used = (): void => {
    if (!isDraining) timer?.refresh();
  };
  const { _onPayload: receive, channelData } = protocol;
  protocol._onPayload = (payload) => {
    const [type = 0] = payload;
    if (type >= FIRST && type <= LAST) used();
    return receive(payload);
  };
  protocol.channelData = (id, data) => {
    used();
    channelData.call(protocol, id, data);
  };
}
