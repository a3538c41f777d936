/** `sshrpc/server`: what a program that serves needs beside its generated handler types. */
export type { KorvLimits, KorvOptions } from "./adapters/korv/korv-options.js";
export type { KeyQuotas } from "./base/accounts/quotas.js";
export type { Logger } from "./base/log.js";
export type {
  AuthenticationRefused,
  AuthenticationRequest,
  CallEnded,
  CallEvent,
  CallStarted,
  ConnectionClosed,
  ConnectionEvent,
  Diagnostic,
  ForwardEvent,
  HandlerStuck,
  Observer,
  PeerEvent,
  SessionEvent,
} from "./base/observer/observer.js";
export type { AuthMethod, Peer, PeerCertificate, PeerPermissions, RejectedKey, SshAlgorithms } from "./base/peer.js";
export { type HandleRejectionsOptions, handleRejections } from "./compose/handle-rejections.js";
export { type Server, serveHandlers } from "./compose/serve.js";
export type { ServeOptions, ServeStdioOptions } from "./compose/serve-options.js";
export { serveStdio } from "./compose/serve-stdio.js";
export { type BadRequestDetails, type Issue, RpcError, type RpcErrorJson } from "./contract/rpc-error.js";
export type { ErrorStatus, StatusCode, StatusName } from "./contract/status.js";
export { Tracked, tracked } from "./contract/tracked.js";
export type { AuditFile, AuditOptions } from "./observe/audit-options.js";
export type { LogFormat, LogLevelOption, LogOptions } from "./observe/log-options.js";
export { type OpenLog, openLog } from "./observe/open-log.js";
export type { ApiHandlers } from "./server/api-handlers.js";
export type { ServedCall } from "./server/api-server-options.js";
export type { ConnectedClient, Context } from "./server/call/context.js";
export type {
  BidirectionalHandler,
  ClientStreamingHandler,
  ResponseItems,
  ServerStreamingHandler,
  UnaryHandler,
} from "./server/call/handler.js";
export type { ServerCallInfo, ServerInterceptor } from "./server/call/interceptor.js";
export { type CallOutcome, observeCall } from "./server/call/observe-call.js";
export { type LimitCallsOptions, limitCalls } from "./server/interceptors/limit-calls.js";
export { logCalls } from "./server/interceptors/log-calls.js";
export type { Ledger, LedgerCall, LedgerEntry, LedgerOutcome, NewEntry } from "./server/ledger/ledger.js";
export type { LedgerOptions } from "./server/ledger/ledger-options.js";
export type { CloseOptions } from "./server/shutdown.js";
export type { GuardOptions, MaxStartups, Penalties, PerSource } from "./ssh/admission/guard-options.js";
export type { AlgorithmOptions } from "./ssh/algorithm-options.js";
export type { PublicKey } from "./ssh/keys/format/public-key.js";
export type {
  KeyAnswer,
  KeyAttempt,
  KeyAuthority,
  KeyGrant,
  KeyLookup,
  KeyRefusal,
} from "./ssh/keys/lists/key-lookup.js";
export type { AuthOptions } from "./ssh/server/auth/auth-options.js";
export type {
  KeyboardInteractiveHandler,
  Prompt,
  PromptRound,
  PromptUser,
} from "./ssh/server/auth/keyboard-interactive-handler.js";
export type { LoginAttempt } from "./ssh/server/auth/login-attempt.js";
export type { LoginGrant } from "./ssh/server/auth/login-grant.js";
export type { PasswordAttempt, PasswordChange, PasswordCheck } from "./ssh/server/auth/password-check.js";
export type {
  CustomListener,
  DirectAnswer,
  DirectStreamlocal,
  DirectTcpip,
  Forwarding,
  ForwardingOptions,
  ForwardRule,
  ListenAnswer,
  OpenForwarded,
  Refusal,
  SessionRequest,
  SessionRule,
  StreamlocalForward,
  TcpipForward,
} from "./ssh/server/forwarding/forwarding-options.js";
export type { Limits } from "./wire/limits.js";
