import type { Socket } from "node:net";
import type { Connection } from "ssh2";
import { internalsOf } from "../internals.js";

/** Messages about channels (RFC 4250, section 4.1.2). */
const FIRST = 90;
const LAST = 100;

/**
 * Ends a connection without channel activity for `timeout` milliseconds since authentication; keepalives do not count.
 * ssh2 has no such limit. test/faults/guard/silence.test.ts notices a change of the private fields.
 * @param abort ends the connection at once, with the reason for the log
 */
export function endWhenIdle(
  connection: Connection,
  socket: Socket,
  timeout: number,
  abort: (reason: string) => void,
): void {
  const { protocol } = internalsOf(connection);
  let timer: NodeJS.Timeout | undefined;
  connection.once("ready", () => {
    timer = setTimeout(() => abort(`no channel activity for ${timeout} ms (idleTimeout)`), timeout).unref();
  });
  socket.once("close", () => clearTimeout(timer));
  const { _onPayload: receive, channelData } = protocol;
  protocol._onPayload = (payload) => {
    const [type = 0] = payload;
    if (type >= FIRST && type <= LAST) timer?.refresh();
    return receive(payload);
  };
  protocol.channelData = (id, data) => {
    timer?.refresh();
    channelData.call(protocol, id, data);
  };
}
