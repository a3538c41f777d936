import { errorMessage } from "../../base/error-message.js";
import { encodeItem, type ItemType } from "../../codec/items.js";
import type { Method } from "../../contract/method.js";
import type { ItemSource } from "../../wire/iterator-of.js";
import { pumpItems } from "../../wire/pump-items.js";
import { authorize } from "./authorize.js";
import type { CallContext } from "./call-context.js";
import type { CallPort } from "./call-port.js";

/**
 * Sends the response stream of a call: the headers, then each item, once it is authorized and valid. A stream may outlive
 * the peer's right to it.
 * @param source the handler's stream, or the promise of it
 * @param stopped called at once with the reason when the handler is stopped before its end
 * @returns what the handler's generator returns
 * @throws RpcError FORBIDDEN, or why the call ended; Error for an item that does not fit the contract
 */
export async function sendItems(
  source: unknown,
  call: CallPort,
  context: CallContext,
  { responseItem, scope }: Method,
  stopped: (error: unknown) => void,
): Promise<unknown> {
  const type = responseItem as ItemType;
  const encode = (item: unknown): string | Uint8Array => {
    authorize(context.peer, scope);
    context.sendHeaders(call);
    try {
      return encodeItem(item, type, "INTERNAL");
    } catch (error) {
      // As with a response, the fault is logged and the caller gets a reference to it.
      throw new Error(errorMessage(error), { cause: error });
    }
  };
  return pumpItems((await source) as ItemSource<unknown, unknown>, encode, call.sender, stopped);
}
