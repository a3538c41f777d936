import type { Peer } from "../base/peer.js";
import { checkMethodSize, checkShape } from "../codec/check-shape.js";
import { RpcError } from "../contract/rpc-error.js";
import type { CallReceiver } from "../wire/call-frames.js";
import type { Connection } from "../wire/connection.js";
import type { Hello } from "../wire/hello.js";
import { COVERED_TEXT, STREAMS_WEIGHT } from "../wire/limits.js";
import type { Caller, DispatchConfig } from "./call/call-context.js";
import { Dispatch } from "./call/dispatch.js";
import { excerpt } from "./call/excerpt.js";
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
  const { shape } = dispatch;
  return (call, request) => {
    const { method } = call.opening;
    routes[method] ??= findRoute(router, connection().remote, method);
    const route = routes[method];
    if (route instanceof RpcError) {
      call.fail(route);
      call.release();
      return;
    }
    if (caller === undefined) {
      const { maxMessage, remote } = connection();
      const hasOtherContract = remote?.api !== undefined && remote.api.hash !== router.api.hash;
      const positions = remote?.positions === true;
      const other = { items: remote?.items, hasOtherContract, positions, callbacks: callbacks() };
      caller = { peer, maxMessage, ...other, clients, config: dispatch };
    }
    const { codec } = call;
    const { maxRequest } = route.method;
    new Dispatch(new WireCall(call), route, caller).run(() => {
      if (route.method.kind !== "unary") call.charge(STREAMS_WEIGHT);
      const size = request.end - request.start;
      if (size === 0) return {};
      checkMethodSize(size, maxRequest, "request");
      // The weight of a call covers that of a short request. Each level and each value takes a byte: it is within both limits, too.
      if (size > COVERED_TEXT || size > shape.depth || size > shape.values) call.charge(checkShape(request, shape));
      return codec.decode(request);
    });
  };
}

/**
 * The method at an index of the caller's list. A caller with a contract knows its methods: one that is missing here is a
 * difference of versions, which must not look like a missing note.
 */
function findRoute(router: Router, remote: Hello | undefined, index: number): Route | RpcError {
  const reference = remote?.methods[index] ?? "";
  const route = router.find(reference);
  if (!(route instanceof RpcError) || route.status !== "NOT_FOUND" || remote?.api === undefined) return route;
  const [here, there] = [router.api, remote.api].map(({ name, version, hash }) => {
    // Equal versions of different contracts differ in their hashes alone.
    const isSame = router.api.name === remote.api?.name && router.api.version === remote.api.version;
    return excerpt(`${name} ${version}${isSame ? ` (${hash.slice(0, 12)})` : ""}`);
  });
  const message = `unknown method ${excerpt(reference)}: this side serves ${here}, the caller was built with ${there}`;
  return new RpcError("UNIMPLEMENTED", `${message}; update the older of the two`);
}
