import { errorMessage } from "../../base/error-message.js";
import type { EncodedValue } from "../../codec/codec.js";
import { encodeItem, type ItemType } from "../../codec/items.js";
import type { IncomingCall } from "../../wire/incoming-call.js";
import type { ItemSource } from "../../wire/iterator-of.js";
import { pumpItems } from "../../wire/pump-items.js";
import { authorize } from "./authorize.js";
import type { CallContext } from "./call-context.js";

/**
 * Sends the response stream of a call: the headers, then each item, once it is authorized and valid. A stream may outlive
 * the peer's right to it.
 * @param source what the handler streams, or the promise of it
 * @param leave told at once why the handler is left before its end, for what it gave cannot be sent
 * @returns what the handler's generator returns
 * @throws RpcError FORBIDDEN, or why the call ended; Error where an item is not what the contract says
 */
export async function sendItems(
  source: unknown,
  call: IncomingCall,
  type: ItemType,
  scope: string | undefined,
  context: CallContext,
  leave: (error: unknown) => void,
): Promise<unknown> {
  const { sender } = call;
  const format = { type, codec: call.codec, status: "INTERNAL" } as const;
  const encode = (item: unknown): EncodedValue => {
    authorize(context.peer, scope);
    context.sendHeaders(call);
    try {
      return encodeItem(item, format);
    } catch (error) {
      // As with a response: what is wrong with it is for the log.
      throw new Error(errorMessage(error), { cause: error });
    }
  };
  return pumpItems((await source) as ItemSource<unknown, unknown>, encode, sender, leave);
}
