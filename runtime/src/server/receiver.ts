import type { Peer } from "../base/peer.js";
import { RpcError } from "../contract/rpc-error.js";
import type { CallReceiver } from "../wire/call-frames.js";
import type { Connection } from "../wire/connection.js";
import type { Caller } from "./call/caller.js";
import type { ConnectedClient } from "./call/connected-client.js";
import { Dispatch } from "./call/dispatch.js";
import type { DispatchConfig } from "./call/dispatch-config.js";
import type { Route, Router } from "./router.js";

/**
 * Answers the calls of one connection, whichever side dialled it.
 * @param connection gives the connection: it is made with the receiver, so it is not there yet
 * @param callbacks gives the client of what the other side serves; it is asked once, when a call comes
 * @param clients gives everybody who is connected
 */
export function receiver(
  router: Router,
  config: DispatchConfig,
  peer: Peer,
  connection: () => Connection,
  callbacks: () => unknown,
  clients: () => readonly ConnectedClient<unknown>[],
): CallReceiver {
  const routes: (Route | RpcError)[] = [];
  let caller: Caller | undefined;
  return (call, request) => {
    const { method } = call.opening;
    routes[method] ??= resolve(router, connection().remote?.methods[method] ?? "");
    const route = routes[method];
    if (route instanceof RpcError) {
      call.fail(route);
      call.release();
      return;
    }
    caller ??= callerOf(connection(), peer, callbacks(), clients);
    new Dispatch(call, route, caller, config).run(request);
  };
}

function callerOf(
  { maxMessage, remote }: Connection,
  peer: Peer,
  callbacks: unknown,
  clients: Caller["clients"],
): Caller {
  return { peer, maxMessage, items: remote?.items, callbacks, clients };
}

function resolve(router: Router, reference: string): Route | RpcError {
  try {
    return router.resolve(reference);
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
}
