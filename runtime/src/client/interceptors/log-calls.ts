import type { Logger } from "../../base/log.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { ClientInterceptor } from "../call/interceptor.js";
import type { ResponseStream } from "../call/streams.js";

/** Logs one line a call when it is over: method, status and milliseconds. Never what was sent. */
export function logCalls(log: Logger): ClientInterceptor {
  return async (call, next) => {
    const start = performance.now();
    const { method } = call;
    const ended = (error?: unknown): void => {
      const status = error === undefined ? "OK" : error instanceof RpcError ? error.status : "INTERNAL";
      log.info({ method: method.id, status, milliseconds: Math.round((performance.now() - start) * 10) / 10 }, "call");
    };
    const over = (response: Promise<unknown>): Promise<void> => response.then(() => ended(), ended);
    const result = next(call);
    if (method.responseItem === undefined) void over(result);
    else result.then((stream) => over((stream as ResponseStream<unknown, unknown>).response), ended);
    return result;
  };
}
