import type { Socket } from "node:net";
import type { Connection } from "ssh2";
import { internalsOf } from "../internals.js";

/** Messages about channels (RFC 4250, section 4.1.2). */
const FIRST = 90;
const LAST = 100;

/**
 * Ends a connection on whose channels nothing has happened for `timeout` milliseconds since the login; signs of life do
 * not count.
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
    timer = setTimeout(() => abort(`nothing happened for ${timeout} ms (idleTimeout)`), timeout).unref();
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
