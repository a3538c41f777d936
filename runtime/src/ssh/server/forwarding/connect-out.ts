import { connect, type NetConnectOpts, type Socket } from "node:net";

/**
 * Connects to where a peer wants to. Whoever gets the socket destroys it.
 * @throws Error of the system, or one that says that it took longer than `timeout` milliseconds
 */
export function connectOut(target: NetConnectOpts, timeout: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // The other direction may go on when one has ended.
    const socket = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const timer = setTimeout(() => fail(new Error(`no connection within ${timeout} ms (forwarding.timeout)`)), timeout);
    const stop = (): void => fail(new Error("the client has gone"));
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      socket.off("error", fail);
    };
    const fail = (error: Error): void => {
      settle();
      socket.on("error", () => {}).destroy();
      reject(error);
    };
    signal.addEventListener("abort", stop);
    socket.once("error", fail);
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
  });
}
