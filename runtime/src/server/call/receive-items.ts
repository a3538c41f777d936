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
  const format = { type, codec: call.codec, status: "BAD_REQUEST" } as const;
  call.receiveStream({
    end: () => items.end(),
    reject: abort,
    item: (item) => {
      try {
        authorize(peer, scope);
        items.push(decodeItem(item, format), item.end - item.start);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        abort(error);
      }
    },
  });
  return items;
}
