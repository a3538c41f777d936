import type { Peer } from "../../base/peer.js";
import { decodeItem, type ItemType } from "../../codec/items.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { IncomingCall } from "../../wire/incoming-call.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import { authorize } from "./authorize.js";

/**
 * Takes the request stream of a call. Each item is decoded, validated and authorized as it comes: a stream may outlive the
 * peer's right to it.
 * @param abort told why the call cannot go on, once an item came that cannot be taken
 */
export function receiveItems(
  call: IncomingCall,
  type: ItemType,
  scope: string | undefined,
  peer: Peer,
  abort: (reason: RpcError) => void,
): ItemReceiver<unknown> {
  const items = call.receiver<unknown>();
  call.onEnd = () => items.end();
  call.onReject = abort;
  call.onItem = (buffer, start, end) => {
    try {
      authorize(peer, scope);
      items.push(decodeItem(buffer, start, end, type, "BAD_REQUEST"), end - start);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      abort(error);
    }
  };
  return items;
}
