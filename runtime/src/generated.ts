/** `sshrpc/generated`: for generated code only. */

export type { CallOptions } from "./client/call/call-options.js";
export type {
  BidirectionalMethod,
  ClientStreamingMethod,
  DocumentedMethod,
  Items,
  RequestItems,
  ResponseStream,
  ResumableItems,
  ServerStreamingMethod,
  ServerStreamingMethodOptional,
  UnaryMethod,
  UnaryMethodOptional,
} from "./client/call/method-types.js";
export type { Client } from "./client/client.js";
export { equal, formats, ucs2length } from "./codec/ajv-runtime.js";
export { duplicateItems } from "./codec/duplicate-items.js";
export { project } from "./codec/projection/project.js";
export {
  duplicates,
  fail,
  isFull,
  isLonger,
  isShorter,
  isText,
  missing,
  pointer,
  sizeOf,
  undeclared,
  withErrors,
  wrongInteger,
  wrongText,
  wrongType,
} from "./codec/validator-runtime.js";
export { type ConnectOptions, connectApi, type Target } from "./compose/connect.js";
export type { PartialHandlers } from "./compose/partial-handlers.js";
export { type Server, serveApi } from "./compose/serve.js";
export type { ServeOptions } from "./compose/serve-options.js";
export { isObject } from "./contract/built-in/validators.js";
export type { Contract } from "./contract/contract.js";
export type { Api, Method, Projection, Validator } from "./contract/method.js";
export type { AnyRpcError, BadRequestDetails, RpcError } from "./contract/rpc-error.js";
export { type ApiHandlers, bindHandlers } from "./server/api-handlers.js";
export type { Context } from "./server/call/context.js";
export type {
  BidirectionalHandler,
  ClientStreamingHandler,
  ServerStreamingHandler,
  UnaryHandler,
} from "./server/call/handler.js";
export { bindModule, type HandlerModule } from "./server/handler-module.js";
