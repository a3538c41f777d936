import { connect, type NetConnectOpts, type Socket } from "node:net";
import { onAbort } from "../../../base/async/with-signal.js";

/**
 * Connects to the target of a peer's request. The caller destroys the socket.
 * @throws Error of the system, or of the timeout in milliseconds
 */
export function connectOut(target: NetConnectOpts, timeout: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // One direction may end while the other goes on.
    const socket = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const timer = setTimeout(
      () => fail(new Error(`connection timed out after ${timeout} ms (forwarding.timeout)`)),
      timeout,
    );
    const stop = (): void => fail(new Error("the client disconnected"));
    const settle = (): void => {
      clearTimeout(timer);
      removeStop();
      socket.off("error", fail);
    };
    const fail = (error: Error): void => {
      settle();
      socket.on("error", () => {}).destroy();
      reject(error);
    };
    const removeStop = onAbort(signal, stop);
    socket.once("error", fail);
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
  });
}
