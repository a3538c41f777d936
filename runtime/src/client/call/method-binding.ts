import type { Codec } from "../../codec/codec.js";
import type { Method } from "../../contract/method.js";
import type { WindowBudget } from "../../wire/flow-control.js";
import type { ConnectionSource } from "../connection/connection-source.js";
import type { ClientInterceptor } from "./interceptor.js";

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
}
