import type { AdapterOptions } from "../adapters/adapter-options.js";
import type { ExecAdapterOptions } from "../adapters/exec/exec-options.js";
import type { KorvLimits } from "../adapters/korv/korv-options.js";
import type { ShellOptions } from "../adapters/shell/shell-options.js";
import { KEY_QUOTAS } from "../base/accounts/quotas.js";
import { type OptionTable, oneOf } from "../base/check-options.js";
import { ALGORITHM_FIELDS, PERMISSIONS_FIELDS, type Peer } from "../base/peer.js";
import type { AuditOptions } from "../observe/audit-options.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import type { LedgerOptions } from "../server/ledger/ledger-options.js";
import type { CloseOptions } from "../server/shutdown.js";
import type { GuardOptions, MaxStartups, Penalties, PerSource } from "../ssh/admission/guard-options.js";
import type { AlgorithmOptions } from "../ssh/algorithm-options.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import type { AuthOptions } from "../ssh/server/auth/auth-options.js";
import type { LoginGrant } from "../ssh/server/auth/login-grant.js";
import type { Forwarding, ForwardingOptions } from "../ssh/server/forwarding/forwarding-options.js";

// The known options that several entry points share. Types do not check plain JavaScript, spread objects, or objects that
// come from a variable; `satisfies` keeps the tables complete.

const LEDGER_OPTIONS = {
  file: oneOf("string"),
  keeps: true,
  maxEntries: true,
  maxBytes: true,
  maxKeyEntries: true,
  maxKeyBytes: true,
  resumeGrace: true,
} satisfies OptionTable<LedgerOptions>;

/** Those of a ledger of the program's own, as a plain object. */
const LEDGER_MEMBERS = { id: true, begin: true, forget: true, close: true } as const;

/** The options of every server of an API. */
export const API_SERVER_OPTIONS = {
  timeout: true,
  limits: oneOf("object"),
  perKey: KEY_QUOTAS,
  interceptors: oneOf("functions"),
  onCall: oneOf("function"),
  observer: true,
  contractDrift: oneOf("string"),
  health: oneOf("function"),
  healthTimeout: true,
  ledger: oneOf("false", "instance", { ...LEDGER_OPTIONS, ...LEDGER_MEMBERS }),
  exposeErrors: oneOf("boolean"),
  undeclaredProperties: oneOf("string"),
} satisfies OptionTable<ApiServerOptions>;

/** The options of closing a server. */
export const CLOSE_OPTIONS = { delay: true, grace: true } satisfies OptionTable<CloseOptions>;

/** The option of the audit log. */
export const AUDIT_OPTIONS = { audit: true, refusalLines: true } satisfies OptionTable<AuditOptions>;

/** The options of the adapters. */
export const ADAPTER_OPTIONS = {
  exec: oneOf("boolean", { inputTimeout: true } satisfies OptionTable<ExecAdapterOptions>),
  shell: oneOf("boolean", { run: oneOf("string") } satisfies OptionTable<ShellOptions>),
  korv: oneOf("boolean", {
    ...{ calls: true, compressed: true, decompressed: true, sendTimeout: true },
  } satisfies OptionTable<KorvLimits>),
} satisfies OptionTable<AdapterOptions>;

const GRANT = {
  keyName: true,
  principal: true,
  scopes: true,
  expires: true,
  permissions: PERMISSIONS_FIELDS,
  environment: true,
  limits: KEY_QUOTAS,
} satisfies OptionTable<LoginGrant>;

/** Files, or lines in place of them. */
const LINES = { lines: oneOf("strings") };

/** The options of authentication. */
export const AUTH_OPTIONS = {
  authorizedKeys: oneOf("string", "strings", "function", LINES),
  certificateAuthorities: oneOf("string", "strings", "function", LINES),
  revokedKeys: oneOf("string", "strings"),
  verifyPassword: oneOf("function"),
  keyboardInteractive: oneOf("function", "false"),
  anonymous: oneOf("function", GRANT),
  requiredMethods: oneOf("strings"),
  maxAuthTries: true,
  authTimeout: true,
  authFailureDelay: true,
  maxPromptRounds: true,
} satisfies OptionTable<AuthOptions>;

/** The options of sessions and forwarding. */
export const FORWARDING_OPTIONS = {
  session: oneOf("function"),
  sessionTimeout: true,
  forwarding: {
    permitOpen: oneOf("strings", "function"),
    permitOpenUnix: oneOf("strings", "function"),
    permitListen: oneOf("strings", "function"),
    permitListenUnix: oneOf("strings", "function"),
    gatewayPorts: oneOf("boolean"),
    maxForwarded: true,
    maxListeners: true,
    timeout: true,
  } satisfies OptionTable<Forwarding>,
} satisfies OptionTable<ForwardingOptions>;

const ALGORITHMS = {
  kex: oneOf("strings"),
  cipher: oneOf("strings"),
  hmac: oneOf("strings"),
} satisfies OptionTable<AlgorithmOptions>;

/** The limits for connections and their algorithms. */
export const GUARD_OPTIONS = {
  loginGrace: true,
  maxConnections: true,
  maxStartups: { start: true, rate: true, full: true } satisfies OptionTable<MaxStartups>,
  perSource: { address: true, network: true } satisfies OptionTable<PerSource>,
  penalties: oneOf("false", {
    authFail: true,
    noAuth: true,
    graceExceeded: true,
    protocolError: true,
    min: true,
    max: true,
  } satisfies OptionTable<Penalties>),
  exemptSources: oneOf("strings"),
  proxyProtocol: oneOf("strings"),
  knownAddressTtl: true,
  maxPreAuthBytes: true,
  maxRefusals: true,
  maxRequests: true,
  maxSendBuffer: true,
  rekeyBytes: true,
  rekeyInterval: true,
  rekeyTimeout: true,
  keepaliveInterval: true,
  keepaliveCountMax: true,
  idleTimeout: true,
  algorithms: ALGORITHMS,
} satisfies OptionTable<GuardOptions>;

/** The source of a host key. */
export const HOST_KEYS = oneOf("string", "bytes", "array", { privateKey: true, passphrase: true });

/** The options of an SSH connection. */
export const DIAL_OPTIONS = {
  identity: oneOf("string", "bytes", "array", { privateKey: true, publicKey: true }),
  certificate: oneOf("string", "strings"),
  identitiesOnly: oneOf("boolean"),
  passphrase: oneOf("string", "function"),
  agent: oneOf("string", "false"),
  password: oneOf("string", "function"),
  newPassword: oneOf("function"),
  prompts: oneOf("function"),
  knownHosts: oneOf("string", "strings"),
  hostKey: oneOf("string", "strings", "function"),
  hostKeyAlias: oneOf("string"),
  hashKnownHosts: oneOf("boolean"),
  updateHostKeys: oneOf("boolean"),
  jump: oneOf("string", "strings"),
  proxy: oneOf("string"),
  sock: oneOf("function"),
  sshConfig: oneOf("boolean", "string"),
  algorithms: ALGORITHMS,
  connectTimeout: true,
  keepaliveInterval: true,
  keepaliveCountMax: true,
  debug: oneOf("function"),
} satisfies OptionTable<DialOptions>;

/** The fields of a peer. */
export const PEER_FIELDS = {
  user: true,
  principal: true,
  fingerprint: true,
  keyName: true,
  certificate: true,
  authMethods: true,
  scopes: true,
  permissions: PERMISSIONS_FIELDS,
  environment: true,
  connectionId: true,
  address: true,
  algorithms: ALGORITHM_FIELDS,
} satisfies OptionTable<Peer>;
