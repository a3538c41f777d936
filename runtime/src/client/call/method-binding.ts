import type { Codec } from "../../codec/codec.js";
import type { Method } from "../../contract/method.js";
import type { WindowBudget } from "../../wire/flow-control.js";
import type { ConnectionSource } from "../connection/connection-source.js";
import type { ClientInterceptor } from "./interceptor.js";

/** What all calls of one method share. */
export interface MethodBinding {
  readonly connections: ConnectionSource;
  readonly method: Method;
  /** Encodes requests and items, and decodes the answers. */
  readonly codec: Codec;
  /** The method's place in this side's HELLO. */
  readonly index: number;
  /** Milliseconds that a unary call may take where neither it nor the method says. */
  readonly timeout: number;
  /** Bytes of metadata that a call may carry. */
  readonly maxMetadata: number;
  /** Wrap the calls; the first one is outermost. */
  readonly interceptors: readonly ClientInterceptor[];
  /** Bytes that a server may send ahead in a response stream, at first. */
  readonly window: number;
  /** What the windows of all response streams may grow by. */
  readonly windows: WindowBudget;
}
