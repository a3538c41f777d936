import type { Codec } from "../../codec/codec.js";
import type { Method } from "../../contract/method.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { Connection } from "../../wire/connection.js";
import type { WindowBudget } from "../../wire/flow/stream-window.js";
import type { ItemReceiver } from "../../wire/item-receiver.js";
import type { ItemSender } from "../../wire/item-sender.js";
import type { ConnectionSource } from "../connection/connection-source.js";
import type { IdempotencyKeys } from "../resend/call-key.js";
import type { StreamPosition } from "../resend/stream-position.js";
import type { Upload } from "../resend/upload.js";
import type { CallCharge } from "./call-charge.js";
import type { CallOptions } from "./call-options.js";
import type { ClientInterceptor } from "./interceptor.js";
import type { CallReports } from "./observed-call.js";

/** What the contracts of the two sides mean for calls. */
export interface CallDrift {
  /** Throws the reason why a call of the method at an index must not be sent; absent where every call may be sent. */
  readonly refuse?: ((connection: Connection, method: number) => void) | undefined;
  /** The error with the versions of both sides, where they may be its reason. */
  explain(error: RpcError, connection: Connection | undefined): RpcError;
}

/** What the calls of one method share. */
export interface MethodBinding {
  readonly connections: ConnectionSource;
  readonly method: Method;
  /** Encodes requests and items, and decodes responses. */
  readonly codec: Codec;
  /** The index of the method in the HELLO of this side. */
  readonly index: number;
  /** Default timeout of unary calls in ms. */
  readonly timeout: number;
  /** Maximum size of the metadata of a call in bytes. */
  readonly maxMetadata: number;
  /** Wrap the calls; the first one is outermost. */
  readonly interceptors: readonly ClientInterceptor[];
  /** Initial flow-control window of a response stream in bytes. */
  readonly window: number;
  /** Budget by which the windows of all response streams may grow. */
  readonly windows: WindowBudget;
  /** Makes idempotency keys; undefined where no call is sent with one. */
  readonly keys: IdempotencyKeys | undefined;
  /** Compares the contracts of the two sides. Absent where they cannot differ. */
  readonly drift: CallDrift | undefined;
  /** Where calls are charged; undefined where no limit counts them. */
  readonly charge: CallCharge | undefined;
  /** Where calls are reported; undefined where no observer receives them. */
  readonly reports: CallReports | undefined;
}

/** The callbacks of a streaming call. A unary call has none. */
export interface StreamCallbacks {
  /** Sends the request stream, once the call is open; absent where there is none. */
  readonly opened?: (sender: ItemSender) => void;
  /** The request stream, where it can be sent from an offset. */
  readonly upload?: Upload | undefined;
  /** Receives the response stream; absent where there is none. */
  readonly items?: ItemReceiver<unknown>;
  /** Where its consumer is in the response stream. */
  readonly position?: StreamPosition;
  /** Called before each attempt: the response stream begins behind the position. */
  readonly restart?: () => void;
  /** Called when the call has ended, with the error if it failed, before its promise settles. */
  readonly ended: (error: RpcError | undefined) => void;
}

/** What a caller asks for, and where the outcome goes. */
export interface CallSetup {
  readonly request: unknown;
  readonly options: CallOptions | undefined;
  /** Settles the call with its response, or a rejected promise. */
  readonly resolve: (response: unknown) => void;
  readonly streams?: StreamCallbacks;
}
