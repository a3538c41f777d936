// The table of every option and every field of `ctx`: what TSDoc cannot say, that is the default of the code itself, the unit,
// the flag of `sshrpc serve` or `sshrpc call` and the first version. Type and text come from the interface (interfaces.ts). An
// option that is added to an interface and not to its rows does not compile.
import type { AdapterOptions } from "../../runtime/src/adapters/adapter-options.js";
import { INPUT_TIMEOUT } from "../../runtime/src/adapters/exec/exec-adapter.js";
import type { ExecAdapterOptions } from "../../runtime/src/adapters/exec/exec-options.js";

import {
  KORV_SEND_TIMEOUT,
  type KorvClientOptions,
  type KorvLimits,
  type KorvOptions,
  korvLimits,
} from "../../runtime/src/adapters/korv/korv-options.js";
import type { ShellOptions } from "../../runtime/src/adapters/shell/shell-options.js";
import type { KeyQuotas } from "../../runtime/src/base/accounts/quotas.js";
import { SILENT } from "../../runtime/src/base/log.js";
import { LISTEN_ADDRESS } from "../../runtime/src/base/net/host-port.js";
import { REFUSAL_LINES } from "../../runtime/src/base/observer/refusal-lines.js";
import type { Peer, PeerCertificate, PeerPermissions, SshAlgorithms } from "../../runtime/src/base/peer.js";
import type { CopyOptions, ExecOptions, RunOptions } from "../../runtime/src/base/ssh-client.js";
import type { CallOptions } from "../../runtime/src/client/call/call-options.js";
import { type ClientOptions, DEFAULT_RETRIES } from "../../runtime/src/client/client.js";
import { BACKOFF_DEFAULTS, type BackoffOptions } from "../../runtime/src/client/connection/backoff.js";
import { RETRY_DEFAULTS, type RetryOptions } from "../../runtime/src/client/interceptors.js";
import { MAX_RECORD, type RecordOptions } from "../../runtime/src/client/read-records.js";
import type { ConnectOptions, ConnectSshOptions } from "../../runtime/src/compose/connect.js";
import type { HandleRejectionsOptions } from "../../runtime/src/compose/handle-rejections.js";
import type { InMemoryOptions } from "../../runtime/src/compose/in-memory.js";
import type { LoopbackOptions } from "../../runtime/src/compose/on-loopback.js";
import type { ServeOptions, ServeStdioOptions } from "../../runtime/src/compose/serve-options.js";
import type { ApiSchema, MethodSchema, ResourceSchema } from "../../runtime/src/contract/define-api.js";
import { NATS_DEFAULTS, type NatsOptions, type NatsTls } from "../../runtime/src/nats/connect.js";
import type { NatsKeyFilesOptions } from "../../runtime/src/nats/key-files.js";
import { NATS_LEDGER_DEFAULTS, type NatsLedgerOptions } from "../../runtime/src/nats/ledger/open-ledger.js";
import { AUDIT_FILE_DEFAULTS } from "../../runtime/src/observe/audit-file.js";
import type { AuditFile, AuditOptions } from "../../runtime/src/observe/audit-options.js";
import { KEPT_FILES } from "../../runtime/src/observe/line-file-options.js";
import { LOG_DEFAULTS, type LogOptions } from "../../runtime/src/observe/log-options.js";
import type { MetricsOptions } from "../../runtime/src/observe/metrics/metrics.js";
import { METRICS_ADDRESS, type ServeMetricsOptions } from "../../runtime/src/observe/metrics/serve-metrics.js";
import type { OtelOptions } from "../../runtime/src/observe/otel/otel.js";
import type { OpensshOptions } from "../../runtime/src/openssh/openssh-options.js";
import { type ApiServerOptions, dispatchConfig } from "../../runtime/src/server/api-server-options.js";
import { HEALTH_TIMEOUT } from "../../runtime/src/server/built-in/health-check.js";
import type { Context } from "../../runtime/src/server/call/context.js";
import { SIGNAL_GRACE } from "../../runtime/src/server/check-grace.js";
import type { LimitCallsOptions } from "../../runtime/src/server/interceptors/limit-calls.js";
import { LEDGER_DEFAULTS, type LedgerOptions } from "../../runtime/src/server/ledger/ledger-options.js";
import type { CloseOptions } from "../../runtime/src/server/shutdown.js";
import { guardConfig } from "../../runtime/src/ssh/admission/guard-config.js";
import type { GuardOptions, MaxStartups, Penalties, PerSource } from "../../runtime/src/ssh/admission/guard-options.js";
import type { AlgorithmOptions } from "../../runtime/src/ssh/algorithm-options.js";
import type { LoginOptions } from "../../runtime/src/ssh/client/auth/login-options.js";
import { DIAL_DEFAULTS } from "../../runtime/src/ssh/client/dial.js";
import type { DialOptions } from "../../runtime/src/ssh/client/dial-options.js";
import { MAX_BUFFER } from "../../runtime/src/ssh/client/remote/run-command.js";
import type { HostTrustOptions } from "../../runtime/src/ssh/client/trust/host-trust-options.js";
import type { KeyGrant } from "../../runtime/src/ssh/keys/lists/key-lookup.js";
import type { AuthOptions } from "../../runtime/src/ssh/server/auth/auth-options.js";
import { AUTH_DEFAULTS } from "../../runtime/src/ssh/server/auth/open-authentication.js";
import type { Forwarding, ForwardingOptions } from "../../runtime/src/ssh/server/forwarding/forwarding-options.js";
import { forwardingRules } from "../../runtime/src/ssh/server/forwarding/forwarding-rules.js";
import { LISTEN_DEFAULTS } from "../../runtime/src/ssh/server/listen.js";
import type { ListenOptions } from "../../runtime/src/ssh/server/listen-options.js";
import { type Limits, resolveLimits, UNARY_TIMEOUT } from "../../runtime/src/wire/limits.js";

/** The unit of a number. A number without a unit is a count, or a ratio. */
export type Unit = "ms" | "bytes" | "percent";

/** What a row of the table adds to the option's TSDoc. */
export interface OptionRow {
  /** The default, from the code that applies it. Absent: the sentence `Default: …` of the TSDoc has it. */
  readonly default?: number | string | boolean;
  readonly unit?: Unit;
  /** The flag of `sshrpc serve` that sets the option, or of `sshrpc call`. */
  readonly flag?: string;
  /** The first version with the option. */
  readonly since?: string;
  /** The type for readers, if the interface has an internal type of the runtime. */
  readonly type?: string;
}

/** The rows of the options that `T` has and `Base` has not. */
type Rows<T, Base = never> = { readonly [Name in Exclude<keyof T, keyof Base>]-?: OptionRow };

const limits = resolveLimits();
const guard = guardConfig({});
const penalties = guard.penalties as Required<Penalties>;
const forwarding = forwardingRules();
const korv = korvLimits(true) as KorvLimits;
const dispatch = dispatchConfig({ log: SILENT }, limits);

const ms = (value: number, flag?: string): OptionRow => ({ default: value, unit: "ms", ...(flag && { flag }) });
const bytes = (value: number): OptionRow => ({ default: value, unit: "bytes" });
const fixed = (value: number | string | boolean): OptionRow => ({ default: value });

/** The rows by interface, in the order of the reference. */
export const OPTIONS = {
  ApiSchema: { name: {}, version: {}, description: {}, resources: {}, callbacks: {} } satisfies Rows<ApiSchema>,
  ResourceSchema: {
    path: {},
    description: {},
    GET: {},
    STORE: {},
    UPDATE: {},
    DELETE: {},
  } satisfies Rows<ResourceSchema>,
  MethodSchema: {
    request: {},
    requestStream: {},
    response: {},
    responseStream: {},
    errors: {},
    scope: {},
    idempotent: {},
    onInterrupt: {},
    timeout: { unit: "ms" },
    description: {},
    deprecated: {},
  } satisfies Rows<MethodSchema>,
  Context: {
    method: {},
    signal: {},
    deadline: { unit: "ms" },
    metadata: {},
    idempotencyKey: {},
    resumeAfter: {},
    startAt: {},
    peer: {},
    clients: {},
    callbacks: {},
    log: {},
    setHeader: {},
    setTrailer: {},
    fail: {},
  } satisfies Rows<Context>,
  Peer: {
    user: {},
    principal: {},
    fingerprint: {},
    keyName: {},
    certificate: {},
    authMethods: {},
    scopes: {},
    permissions: {},
    environment: {},
    connectionId: {},
    address: {},
    algorithms: {},
  } satisfies Rows<Peer>,
  SshAlgorithms: { kex: {}, serverHostKey: {}, cipher: {} } satisfies Rows<SshAlgorithms>,
  PeerCertificate: {
    keyId: {},
    serial: {},
    principals: {},
    authority: {},
    validBefore: { unit: "ms" },
    extensions: {},
  } satisfies Rows<PeerCertificate>,
  PeerPermissions: {
    pty: {},
    portForwarding: {},
    permitOpen: {},
    permitListen: {},
  } satisfies Rows<PeerPermissions>,
  ApiServerOptions: {
    timeout: ms(dispatch.timeout),
    limits: {},
    perKey: {},
    interceptors: {},
    onCall: {},
    observer: {},
    contractDrift: {},
    health: {},
    healthTimeout: ms(HEALTH_TIMEOUT),
    ledger: { flag: "--ledger" },
    exposeErrors: fixed(dispatch.exposeErrors),
    undeclaredProperties: fixed(dispatch.undeclaredProperties),
  } satisfies Rows<ApiServerOptions>,
  LedgerOptions: {
    file: { flag: "--ledger" },
    keeps: ms(LEDGER_DEFAULTS.keeps, "--ledger-keeps"),
    maxEntries: fixed(LEDGER_DEFAULTS.maxEntries),
    maxBytes: bytes(LEDGER_DEFAULTS.maxBytes),
    maxKeyEntries: fixed(LEDGER_DEFAULTS.maxKeyEntries),
    maxKeyBytes: bytes(LEDGER_DEFAULTS.maxKeyBytes),
    resumeGrace: ms(LEDGER_DEFAULTS.resumeGrace),
  } satisfies Rows<LedgerOptions>,
  ListenOptions: {
    host: { default: LISTEN_ADDRESS.host, flag: "--listen" },
    port: { default: String(LISTEN_ADDRESS.port), flag: "--port" },
    hostKeys: { flag: "--host-key" },
    maxChannels: fixed(LISTEN_DEFAULTS.maxChannels),
    sockets: { type: "object" },
  } satisfies Rows<
    Omit<ListenOptions, "observer" | "ident" | "scopes" | "accounts" | "siblings">,
    AuthOptions & ForwardingOptions & GuardOptions
  >,
  ServeOptions: { log: {} } satisfies Rows<
    ServeOptions,
    ApiServerOptions & AuditOptions & AdapterOptions & ListenOptions
  >,
  CloseOptions: { delay: ms(0), grace: ms(0) } satisfies Rows<CloseOptions>,
  HandleRejectionsOptions: { log: {}, grace: ms(SIGNAL_GRACE) } satisfies Rows<HandleRejectionsOptions>,
  LimitCallsOptions: { perPeer: {}, peerKey: {} } satisfies Rows<LimitCallsOptions>,
  ServeStdioOptions: {
    scopes: { flag: "--scopes" },
    forced: { default: false, flag: "--forced" },
    grace: ms(SIGNAL_GRACE, "--grace"),
    log: { flag: "--log" },
  } satisfies Rows<ServeStdioOptions, ApiServerOptions & AuditOptions & AdapterOptions>,
  AuthOptions: {
    authorizedKeys: { flag: "--authorized-keys", type: "files, `{ lines }` or a function (`KeyLookup`)" },
    certificateAuthorities: { type: "files, `{ lines }` or a function" },
    revokedKeys: { flag: "--revoked-keys" },
    verifyPassword: {},
    keyboardInteractive: {},
    anonymous: { type: "`LoginGrant` or a function" },
    requiredMethods: {},
    maxAuthTries: fixed(AUTH_DEFAULTS.maxAuthTries),
    authTimeout: ms(AUTH_DEFAULTS.authTimeout),
    authFailureDelay: ms(AUTH_DEFAULTS.authFailureDelay),
    maxPromptRounds: fixed(AUTH_DEFAULTS.maxPromptRounds),
  } satisfies Rows<AuthOptions>,
  KeyGrant: {
    keyName: {},
    principal: {},
    scopes: {},
    expires: { unit: "ms" },
    permissions: {},
    limits: {},
    environment: {},
    touchRequired: fixed(true),
    verifyRequired: fixed(false),
  } satisfies Rows<KeyGrant>,
  KeyQuotas: { connections: {}, calls: {}, bytes: { unit: "bytes" }, rate: {} } satisfies Rows<KeyQuotas>,
  GuardOptions: {
    loginGrace: ms(guard.loginGrace),
    maxConnections: fixed(guard.maxConnections),
    maxStartups: {},
    perSource: {},
    penalties: {},
    exemptSources: {},
    proxyProtocol: { flag: "--proxy-protocol" },
    knownAddressTtl: ms(guard.knownAddressTtl),
    maxPreAuthBytes: bytes(guard.maxPreAuthBytes),
    maxRefusals: fixed(guard.maxRefusals),
    maxRequests: fixed(guard.maxRequests),
    maxSendBuffer: bytes(guard.maxSendBuffer),
    rekeyBytes: bytes(guard.rekeyBytes),
    rekeyInterval: ms(guard.rekeyInterval),
    rekeyTimeout: ms(guard.rekeyTimeout),
    keepaliveInterval: ms(guard.keepaliveInterval),
    keepaliveCountMax: fixed(guard.keepaliveCountMax),
    idleTimeout: ms(guard.idleTimeout),
    algorithms: {},
  } satisfies Rows<GuardOptions>,
  MaxStartups: {
    start: fixed(guard.maxStartups.start),
    rate: { default: guard.maxStartups.rate, unit: "percent" },
    full: fixed(guard.maxStartups.full),
  } satisfies Rows<MaxStartups>,
  PerSource: {
    address: fixed(guard.perSource.address),
    network: fixed(guard.perSource.network),
  } satisfies Rows<PerSource>,
  Penalties: {
    authFail: ms(penalties.authFail),
    noAuth: ms(penalties.noAuth),
    graceExceeded: ms(penalties.graceExceeded),
    protocolError: ms(penalties.protocolError),
    min: ms(penalties.min),
    max: ms(penalties.max),
  } satisfies Rows<Penalties>,
  AlgorithmOptions: { kex: {}, cipher: {}, hmac: {} } satisfies Rows<AlgorithmOptions>,
  Limits: {
    message: bytes(limits.message),
    depth: fixed(limits.depth),
    values: fixed(limits.values),
    metadata: bytes(limits.metadata),
    calls: fixed(limits.calls),
    serverCalls: fixed(limits.serverCalls),
    bytes: bytes(limits.bytes),
    serverBytes: { unit: "bytes" },
    handlerGrace: ms(limits.handlerGrace),
    stuckHandlers: fixed(limits.stuckHandlers),
    cancels: fixed(limits.cancels),
    queuedCalls: fixed(limits.queuedCalls),
    window: bytes(limits.window),
    windowGrowth: bytes(limits.windowGrowth),
    connectionWindow: bytes(limits.connectionWindow),
    sendHighWaterMark: bytes(limits.sendHighWaterMark),
    bytesBeforePreamble: bytes(limits.bytesBeforePreamble),
    helloTimeout: ms(limits.helloTimeout),
  } satisfies Rows<Limits>,
  ForwardingOptions: {
    session: {},
    sessionTimeout: ms(LISTEN_DEFAULTS.sessionTimeout),
    forwarding: {},
  } satisfies Rows<ForwardingOptions>,
  Forwarding: {
    permitOpen: {},
    permitOpenUnix: {},
    permitListen: {},
    permitListenUnix: {},
    gatewayPorts: fixed(forwarding.gatewayPorts),
    maxForwarded: fixed(forwarding.maxForwarded),
    maxListeners: fixed(forwarding.maxListeners),
    timeout: ms(forwarding.timeout),
  } satisfies Rows<Forwarding>,
  AuditOptions: { audit: { flag: "--audit" }, refusalLines: fixed(REFUSAL_LINES) } satisfies Rows<AuditOptions>,
  AuditFile: {
    file: { flag: "--audit" },
    level: fixed(AUDIT_FILE_DEFAULTS.level),
    maxSize: { unit: "bytes", flag: "--audit-max-size" },
    files: { ...fixed(AUDIT_FILE_DEFAULTS.files), flag: "--audit-files" },
    onFull: { ...fixed(AUDIT_FILE_DEFAULTS.onFull), flag: "--audit-on-full" },
  } satisfies Rows<AuditFile>,
  LogOptions: {
    level: { ...fixed(LOG_DEFAULTS.level), flag: "--log-level" },
    format: { ...fixed(LOG_DEFAULTS.format), flag: "--log-format" },
    file: { flag: "--log" },
    maxSize: { unit: "bytes", flag: "--log-max-size" },
    files: { ...fixed(KEPT_FILES), flag: "--log-files" },
  } satisfies Rows<LogOptions>,
  MetricsOptions: { registry: {}, buckets: {}, processMetrics: {} } satisfies Rows<MetricsOptions>,
  ServeMetricsOptions: {
    host: fixed(METRICS_ADDRESS.host),
    port: fixed(String(METRICS_ADDRESS.port)),
  } satisfies Rows<ServeMetricsOptions>,
  OtelOptions: { tracerProvider: {}, meterProvider: {}, incomingTrace: {} } satisfies Rows<OtelOptions>,
  NatsOptions: {
    servers: {},
    credentials: {},
    tls: {},
    name: fixed(NATS_DEFAULTS.name),
    connectTimeout: ms(NATS_DEFAULTS.connectTimeout),
    log: {},
  } satisfies Rows<NatsOptions>,
  NatsTls: { ca: {}, cert: {}, key: {} } satisfies Rows<NatsTls>,
  NatsLedgerOptions: {
    bucket: {},
    keeps: { unit: "ms" },
    maxBytes: bytes(NATS_LEDGER_DEFAULTS.maxBytes),
    replicas: fixed(NATS_LEDGER_DEFAULTS.replicas),
    maxKeyEntries: fixed(NATS_LEDGER_DEFAULTS.maxKeyEntries),
    maxKeyBytes: bytes(NATS_LEDGER_DEFAULTS.maxKeyBytes),
    log: {},
  } satisfies Rows<NatsLedgerOptions>,
  NatsKeyFilesOptions: { directory: {}, bucket: {}, log: {} } satisfies Rows<NatsKeyFilesOptions>,
  AdapterOptions: {
    exec: { default: true, flag: "--no-exec" },
    shell: { default: true, flag: "--shell, --no-shell" },
  } satisfies Rows<AdapterOptions, KorvOptions>,
  ExecAdapterOptions: { inputTimeout: ms(INPUT_TIMEOUT) } satisfies Rows<ExecAdapterOptions>,
  ShellOptions: { run: { flag: "--shell" } } satisfies Rows<ShellOptions>,
  KorvOptions: { korv: { default: korvLimits(undefined) !== undefined, flag: "--korv" } } satisfies Rows<KorvOptions>,
  KorvLimits: {
    calls: { ...fixed(korv.calls), flag: "--korv" },
    compressed: { ...bytes(korv.compressed), flag: "--korv" },
    decompressed: { ...bytes(korv.decompressed), flag: "--korv" },
    sendTimeout: ms(korv.sendTimeout, "--korv"),
  } satisfies Rows<KorvLimits>,
  KorvClientOptions: { mapPath: {}, sendTimeout: ms(KORV_SEND_TIMEOUT) } satisfies Rows<KorvClientOptions>,
  ClientOptions: {
    timeout: ms(UNARY_TIMEOUT),
    limits: {},
    interceptors: {},
    signal: {},
    reconnect: {},
    retries: fixed(DEFAULT_RETRIES),
    observer: {},
    contractDrift: {},
  } satisfies Rows<ClientOptions>,
  BackoffOptions: {
    minDelay: ms(BACKOFF_DEFAULTS.minDelay),
    maxDelay: ms(BACKOFF_DEFAULTS.maxDelay),
    jitter: fixed(BACKOFF_DEFAULTS.jitter),
  } satisfies Rows<BackoffOptions>,
  ConnectOptions: {
    callbacks: {},
    log: {},
    transport: { flag: "--via" },
    protocol: {},
    openssh: {},
    korv: {},
  } satisfies Rows<ConnectOptions, ClientOptions & DialOptions>,
  RetryOptions: {
    statuses: fixed(RETRY_DEFAULTS.statuses.join(", ")),
    attempts: fixed(RETRY_DEFAULTS.attempts),
  } satisfies Rows<RetryOptions, BackoffOptions>,
  CallOptions: {
    timeout: { unit: "ms", flag: "--timeout" },
    signal: {},
    metadata: {},
    idempotencyKey: { flag: "--idempotency-key" },
    resumeAfter: { flag: "--after" },
    parent: {},
    onHeaders: {},
    onTrailers: {},
  } satisfies Rows<CallOptions>,
  LoginOptions: {
    identity: { flag: "--identity" },
    certificate: {},
    identitiesOnly: {},
    passphrase: {},
    agent: {},
    password: { type: "text or a function" },
    newPassword: {},
    prompts: { type: "function" },
  } satisfies Rows<LoginOptions>,
  HostTrustOptions: {
    knownHosts: { flag: "--known-hosts" },
    hostKey: {},
    hostKeyAlias: {},
    hashKnownHosts: fixed(false),
    updateHostKeys: fixed(false),
  } satisfies Rows<HostTrustOptions>,
  DialOptions: {
    jump: { flag: "--jump" },
    proxy: {},
    sock: { type: "function" },
    sshConfig: {},
    algorithms: {},
    connectTimeout: ms(DIAL_DEFAULTS.connectTimeout),
    keepaliveInterval: ms(DIAL_DEFAULTS.keepaliveInterval),
    keepaliveCountMax: fixed(DIAL_DEFAULTS.keepaliveCountMax),
    debug: {},
  } satisfies Rows<DialOptions, LoginOptions & HostTrustOptions>,
  OpensshOptions: { program: {}, args: {}, command: {}, interactive: {} } satisfies Rows<OpensshOptions>,
  ConnectSshOptions: { signal: {} } satisfies Rows<ConnectSshOptions, DialOptions>,
  ExecOptions: { signal: {}, onStderr: {}, env: {} } satisfies Rows<ExecOptions>,
  RunOptions: { input: {}, maxBuffer: bytes(MAX_BUFFER) } satisfies Rows<RunOptions, ExecOptions>,
  CopyOptions: { signal: {}, onProgress: {} } satisfies Rows<CopyOptions>,
  RecordOptions: { separator: {}, maxRecord: bytes(MAX_RECORD) } satisfies Rows<RecordOptions>,
  InMemoryOptions: { peer: {}, log: {} } satisfies Rows<InMemoryOptions, ApiServerOptions>,
  LoopbackOptions: { user: {}, scopes: {} } satisfies Rows<LoopbackOptions, ServeOptions>,
};

/** An interface whose members are rows of the table. */
export type OptionInterface = keyof typeof OPTIONS;
