/** `sshrpc/client`: what a program that calls needs beside its generated client. */
export type { KorvClientOptions } from "./adapters/korv/korv-client-options.js";
export type { BackoffOptions } from "./client/backoff.js";
export type { Client } from "./client/client.js";
export type { ClientInterceptor, OutboundCall } from "./client/interceptor.js";
export { logCalls } from "./client/interceptors/log-calls.js";
export { maxTimeout } from "./client/interceptors/max-timeout.js";
export { type RetryOptions, retry } from "./client/interceptors/retry.js";
export type { LinkState, StateListener } from "./client/link-state.js";
export type { Items, ResponseStream, SafeResponseStream } from "./client/streams.js";
export type { CallOptions, ParentCall, UnaryMethod, UnaryMethodOptional } from "./client/unary.js";
export { type ConnectOptions, connectSsh, type Target } from "./connect-api.js";
export type { Result } from "./contract/result.js";
export { type BadRequestDetails, type Issue, RpcError } from "./contract/rpc-error.js";
export type { ErrorStatus, StatusCode, StatusName } from "./contract/status.js";
export type { OpensshOptions } from "./openssh/openssh-options.js";
export { type RecordOptions, readLines, readRecords } from "./read-records.js";
export type { DialOptions } from "./ssh/client/dial-options.js";
export type { HostKeyDecision, HostKeyQuestion } from "./ssh/client/host-trust-options.js";
export type { Account, PromptRequest } from "./ssh/client/login-options.js";
export type { IdentitySource } from "./ssh/keys/identity.js";
export type { Passphrase } from "./ssh/keys/passphrase.js";
export type {
  CommandExit,
  CommandResult,
  Copied,
  CopyOptions,
  ExecOptions,
  RemoteCommand,
  RunOptions,
  SshClient,
} from "./ssh-client.js";
export type { Transport } from "./transport.js";
export type { Limits } from "./wire/limits.js";
