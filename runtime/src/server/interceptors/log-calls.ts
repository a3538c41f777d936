import type { Logger } from "../../base/log.js";
import { connectionFields, roundMs } from "../../base/observer/line-fields.js";
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
      const ms = roundMs(performance.now() - start);
      const streamed = method.responseItem === undefined ? {} : { items };
      log.info({ ...connectionFields({ peer: ctx.peer }), method: method.id, status, ms, ...streamed }, "call");
    });
  };
}
