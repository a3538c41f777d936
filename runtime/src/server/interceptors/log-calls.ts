import type { Logger } from "../../base/log.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ServerInterceptor } from "../call/interceptor.js";
import { observeCall } from "../call/observe-call.js";

/**
 * Logs one line a call when it is over: method, user, status, milliseconds, and items where it streams. Never what was
 * sent. A call that its caller or a deadline ended is logged with the status that its handler ended with.
 */
export function logCalls(log: Logger): ServerInterceptor {
  return (call, next) => {
    const start = performance.now();
    const { method, ctx } = call;
    return observeCall(call, next, ({ error, items }) => {
      const status = error === undefined ? "OK" : error instanceof RpcError ? error.status : "INTERNAL";
      const { user, fingerprint, address } = ctx.peer;
      const milliseconds = Math.round((performance.now() - start) * 10) / 10;
      const streamed = method.responseItem === undefined ? {} : { items };
      log.info({ method: method.id, user, fingerprint, address, status, milliseconds, ...streamed }, "call");
    });
  };
}
