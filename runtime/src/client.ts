/** `sshrpc/client`: types and helpers for programs that use a generated client. */
export type { KorvClientOptions } from "./adapters/korv/korv-options.js";
export type { CallEnded, CallEvent, ConnectionClosed, ConnectionEvent, Observer } from "./base/observer/observer.js";
export type {
  CommandExit,
  CommandResult,
  ConnectTcpOptions,
  CopyOptions,
  CopyResult,
  ExecOptions,
  RemoteCommand,
  RunOptions,
  SshClient,
} from "./base/ssh-client.js";
export type { Transport } from "./base/transport.js";
export type { CallOptions, ParentCall } from "./client/call/call-options.js";
export type { ClientCallInfo, ClientInterceptor } from "./client/call/interceptor.js";
export type {
  Items,
  RequestItems,
  ResponseStream,
  ResumableItems,
  SafeResponseStream,
  UnaryMethod,
  UnaryMethodOptional,
} from "./client/call/method-types.js";
export type { Client } from "./client/client.js";
export type { BackoffOptions } from "./client/connection/backoff.js";
export type { ConnectionState, StateListener } from "./client/connection/connection-state.js";
export { contractOf } from "./client/contract-of.js";
export { fromFile } from "./client/from-file.js";
export { logClientCalls, maxTimeout, type RetryOptions, retry } from "./client/interceptors.js";
export { type RecordOptions, readLines, readRecords } from "./client/read-records.js";
export {
  type ConnectOptions,
  type ConnectSshOptions,
  connectSsh,
  fetchContract,
  type Target,
} from "./compose/connect.js";
export type { ServedContract } from "./contract/built-in/built-in-api.js";
export type { Result } from "./contract/result.js";
export { type BadRequestDetails, type Issue, RpcError, type RpcErrorJson } from "./contract/rpc-error.js";
export type { ErrorStatus, StatusCode, StatusName } from "./contract/status.js";
export type { OpensshOptions } from "./openssh/openssh-options.js";
export type { Account, PromptRequest } from "./ssh/client/auth/login-options.js";
export type { DialOptions, SockTarget } from "./ssh/client/dial-options.js";
export type { HostKeyCallback, HostKeyInfo } from "./ssh/client/trust/host-trust-options.js";
export type { IdentitySource } from "./ssh/keys/identity/identity.js";
export type { Passphrase } from "./ssh/keys/identity/passphrase.js";
export type { Limits } from "./wire/limits.js";
