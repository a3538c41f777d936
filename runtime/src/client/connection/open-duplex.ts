import type { Duplex } from "node:stream";
import type { Transport } from "../../base/transport.js";
import { RpcError } from "../../contract/rpc-error.js";

/**
 * Opens the transport, no longer than the signal lasts, even where the transport does not listen to it: what it gives
 * later is destroyed.
 * @throws RpcError CANCELLED where the signal aborted, or what the transport throws
 */
export function openDuplex(transport: Transport, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new RpcError("CANCELLED", "the attempt to connect was cancelled"));
    signal.addEventListener("abort", stop, { once: true });
    transport
      .open(signal)
      .then((duplex) => {
        if (signal.aborted) duplex.on("error", () => undefined).destroy();
        else resolve(duplex);
      }, reject)
      .finally(() => signal.removeEventListener("abort", stop));
  });
}
