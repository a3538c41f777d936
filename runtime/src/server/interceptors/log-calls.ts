import type { Logger } from "../../base/log.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ServerInterceptor } from "../call/interceptor.js";
import { observeCall } from "../call/observe-call.js";

/**
 * Logs one line for each finished call: method, peer, status, milliseconds, and the number of items if it streams; never its
 * content. A cancelled or expired call is logged with the status that its handler ended with.
 */
export function logCalls(log: Logger): ServerInterceptor {
  return (call, next) => {
    const start = performance.now();
    const { method, ctx } = call;
    return observeCall(call, next, ({ error, items }) => {
      const status = error === undefined ? "OK" : error instanceof RpcError ? error.status : "INTERNAL";
      const { principal, fingerprint, address, user } = ctx.peer;
      const milliseconds = Math.round((performance.now() - start) * 10) / 10;
      const streamed = method.responseItem === undefined ? {} : { items };
      log.info({ method: method.id, principal, fingerprint, address, user, status, milliseconds, ...streamed }, "call");
    });
  };
}
