/** `sshrpc/generated`: what generated code imports, and nothing else should. */
export type { Client } from "./client/client.js";
export type {
  BidirectionalMethod,
  ClientStreamingMethod,
  Items,
  ResponseStream,
  ServerStreamingMethod,
  ServerStreamingMethodOptional,
} from "./client/streams.js";
export type { CallOptions, UnaryMethod, UnaryMethodOptional } from "./client/unary.js";
export { equal, formats, ucs2length } from "./codec/ajv-runtime.js";
export { type ConnectOptions, connectApi, type Target } from "./connect-api.js";
export type { AnyRpcError } from "./contract/any-rpc-error.js";
export type { Contract } from "./contract/contract.js";
export type { Api, Method, Validator } from "./contract/method.js";
export type { BadRequestDetails, RpcError } from "./contract/rpc-error.js";
export { type ServeOptions, type Server, serveApi } from "./serve-api.js";
export { type ApiHandlers, bindHandlers } from "./server/api-handlers.js";
export type { Context } from "./server/context.js";
export type {
  BidirectionalHandler,
  ClientStreamingHandler,
  ServerStreamingHandler,
  UnaryHandler,
} from "./server/handler.js";
