/** `sshrpc/server`: what a program that serves needs beside its generated handler types. */
export type { KorvLimits, KorvOptions } from "./adapters/korv/korv-options.js";
export type { AuditFile, AuditOptions } from "./audit/audit-options.js";
export { type BadRequestDetails, type Issue, RpcError } from "./contract/rpc-error.js";
export type { ErrorStatus, StatusCode, StatusName } from "./contract/status.js";
export type { Logger } from "./log.js";
export type { AuthMethod, Peer, PeerCertificate, PeerPermits } from "./peer.js";
export { type ServeOptions, type Server, serveHandlers } from "./serve-api.js";
export { type ServeStdioOptions, serveStdio } from "./serve-stdio.js";
export type { ApiHandlers } from "./server/api-handlers.js";
export type { CloseOptions } from "./server/api-server.js";
export type { ConnectedClient } from "./server/connected-client.js";
export type { Context } from "./server/context.js";
export type {
  BidirectionalHandler,
  ClientStreamingHandler,
  ResponseItems,
  ServerStreamingHandler,
  UnaryHandler,
} from "./server/handler.js";
export type { ServerCall, ServerInterceptor } from "./server/interceptor.js";
export { type LimitCallsOptions, limitCalls } from "./server/interceptors/limit-calls.js";
export { logCalls } from "./server/interceptors/log-calls.js";
export { type CallOutcome, observeCall } from "./server/observe-call.js";
export type { ServedCall } from "./server/served-call.js";
export type { AlgorithmOptions, GuardOptions, MaxStartups, Penalties, PerSource } from "./ssh/guard/guard-options.js";
export type { KeyAnswer, KeyAttempt, KeyAuthority, KeyGrant, KeyLookup, KeyRefusal } from "./ssh/keys/key-lookup.js";
export type { PublicKey } from "./ssh/keys/public-key.js";
export type { LoginAttempt, LoginGrant } from "./ssh/server/auth/login-attempt.js";
export type { PasswordAttempt, PasswordChange, PasswordCheck } from "./ssh/server/auth/password-check.js";
export type { Ask, Prompt, Question, Questioning } from "./ssh/server/auth/question.js";
export type { AuthOptions } from "./ssh/server/auth-options.js";
export type {
  DirectAnswer,
  DirectStreamlocal,
  DirectTcpip,
  Forwarding,
  ForwardingOptions,
  ForwardRule,
  ListenAnswer,
  OpenForwarded,
  OwnListener,
  Refusal,
  SessionRequest,
  SessionRule,
  StreamlocalForward,
  TcpipForward,
} from "./ssh/server/forwarding-options.js";
export type { Limits } from "./wire/limits.js";
