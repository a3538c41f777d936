import type { BytesView } from "../../codec/codec.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { ItemSender } from "../../wire/item-sender.js";

/** The streams of a call, as it drives them. A unary call has none. */
export interface CallStreams {
  /** Sends the request stream, once the call is open; absent where there is none. */
  readonly opened?: (sender: ItemSender) => void;
  /** Takes an item of the response stream; absent where there is none. @throws RpcError where it cannot be taken */
  readonly item?: (item: BytesView) => void;
  /** The call has ended, well or with an error; before its promise settles. */
  readonly ended: (error: RpcError | undefined) => void;
}
