import type { Peer } from "../base/peer.js";
import { checkShape } from "../codec/check-shape.js";
import { RpcError } from "../contract/rpc-error.js";
import type { CallReceiver } from "../wire/call-frames.js";
import type { Connection } from "../wire/connection.js";
import type { Caller, DispatchConfig } from "./call/call-context.js";
import { Dispatch } from "./call/dispatch.js";
import type { Route } from "./call/route.js";
import { WireCall } from "./call/wire-call.js";
import type { Router } from "./router.js";

/** How the calls of one connection are answered. */
interface ReceiverConfig {
  readonly router: Router;
  readonly dispatch: DispatchConfig;
  readonly peer: Peer;
  /** Returns the connection, which is constructed with its receiver. */
  readonly connection: () => Connection;
  /** Returns the client of what the other side serves; called once, at the first call. */
  readonly callbacks: () => unknown;
  readonly clients: Caller["clients"];
}

/** Answers the calls of one connection, whichever side opened it. */
export function receiver({ router, dispatch, peer, connection, callbacks, clients }: ReceiverConfig): CallReceiver {
  const routes: (Route | RpcError)[] = [];
  let caller: Caller | undefined;
  return (call, request) => {
    const { method } = call.opening;
    routes[method] ??= router.find(connection().remote?.methods[method] ?? "");
    const route = routes[method];
    if (route instanceof RpcError) {
      call.fail(route);
      call.release();
      return;
    }
    if (caller === undefined) {
      const { maxMessage, remote } = connection();
      caller = { peer, maxMessage, items: remote?.items, callbacks: callbacks(), clients, config: dispatch };
    }
    const { codec } = call;
    new Dispatch(new WireCall(call), route, caller).run(() => {
      if (request.start === request.end) return {};
      checkShape(request, dispatch.shape);
      return codec.decode(request);
    });
  };
}
