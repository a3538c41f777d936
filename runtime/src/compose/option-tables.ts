import type { AdapterOptions } from "../adapters/adapter-options.js";
import type { ExecAdapterOptions } from "../adapters/exec/exec-options.js";
import type { KorvLimits } from "../adapters/korv/korv-options.js";
import type { ShellOptions } from "../adapters/shell/shell-options.js";
import type { OptionTable } from "../base/check-options.js";
import { PERMISSIONS_FIELDS, type Peer } from "../base/peer.js";
import type { AuditOptions } from "../observe/audit-options.js";
import type { CloseOptions } from "../server/api-server.js";
import type { ApiServerOptions } from "../server/api-server-options.js";
import type { GuardOptions, MaxStartups, Penalties, PerSource } from "../ssh/admission/guard-options.js";
import type { AlgorithmOptions } from "../ssh/algorithm-options.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import type { AuthOptions } from "../ssh/server/auth/auth-options.js";
import type { LoginGrant } from "../ssh/server/auth/login-grant.js";
import type { Forwarding, ForwardingOptions } from "../ssh/server/forwarding/forwarding-options.js";

// The known options that several entry points share. Types do not check plain JavaScript, spread objects, or objects that
// come from a variable; `satisfies` keeps the tables complete.

/** The options of every server of an API. */
export const API_SERVER_OPTIONS = {
  timeout: true,
  limits: true,
  interceptors: true,
  onCall: true,
  observer: true,
  exposeErrors: true,
} satisfies OptionTable<ApiServerOptions>;

/** The option of closing a server. */
export const CLOSE_OPTIONS = { grace: true } satisfies OptionTable<CloseOptions>;

/** The option of the audit log. */
export const AUDIT_OPTIONS = { audit: true } satisfies OptionTable<AuditOptions>;

/** The options of the adapters. */
export const ADAPTER_OPTIONS = {
  exec: { inputTimeout: true } satisfies OptionTable<ExecAdapterOptions>,
  shell: { run: true } satisfies OptionTable<ShellOptions>,
  korv: { calls: true, compressed: true, decompressed: true, sendTimeout: true } satisfies OptionTable<KorvLimits>,
} satisfies OptionTable<AdapterOptions>;

const GRANT = {
  keyName: true,
  principal: true,
  scopes: true,
  expires: true,
  permissions: PERMISSIONS_FIELDS,
  environment: true,
} satisfies OptionTable<LoginGrant>;

/** The options of authentication. */
export const AUTH_OPTIONS = {
  authorizedKeys: true,
  certificateAuthorities: true,
  revokedKeys: true,
  verifyPassword: true,
  keyboardInteractive: true,
  anonymous: GRANT,
  requiredMethods: true,
  maxAuthTries: true,
  authTimeout: true,
  authFailureDelay: true,
  maxPromptRounds: true,
} satisfies OptionTable<AuthOptions>;

/** The options of sessions and forwarding. */
export const FORWARDING_OPTIONS = {
  session: true,
  sessionTimeout: true,
  forwarding: {
    permitOpen: true,
    permitOpenUnix: true,
    permitListen: true,
    permitListenUnix: true,
    gatewayPorts: true,
    maxForwarded: true,
    maxListeners: true,
    timeout: true,
  } satisfies OptionTable<Forwarding>,
} satisfies OptionTable<ForwardingOptions>;

/** The limits for connections and their algorithms. */
export const GUARD_OPTIONS = {
  loginGrace: true,
  maxConnections: true,
  maxStartups: { start: true, rate: true, full: true } satisfies OptionTable<MaxStartups>,
  perSource: { address: true, network: true } satisfies OptionTable<PerSource>,
  penalties: {
    authFail: true,
    noAuth: true,
    graceExceeded: true,
    protocolError: true,
    min: true,
    max: true,
  } satisfies OptionTable<Penalties>,
  exemptSources: true,
  proxyProtocol: true,
  knownAddressTtl: true,
  maxPreAuthBytes: true,
  maxRefusals: true,
  maxSendBuffer: true,
  rekeyBytes: true,
  rekeyInterval: true,
  rekeyTimeout: true,
  keepaliveInterval: true,
  keepaliveCountMax: true,
  idleTimeout: true,
  algorithms: { kex: true, cipher: true, hmac: true } satisfies OptionTable<AlgorithmOptions>,
} satisfies OptionTable<GuardOptions>;

/** The options of an SSH connection. */
export const DIAL_OPTIONS = {
  identity: true,
  certificate: true,
  identitiesOnly: true,
  passphrase: true,
  agent: true,
  password: true,
  newPassword: true,
  prompts: true,
  knownHosts: true,
  hostKey: true,
  hostKeyAlias: true,
  hashKnownHosts: true,
  updateHostKeys: true,
  jump: true,
  proxy: true,
  sock: true,
  sshConfig: true,
  connectTimeout: true,
  keepaliveInterval: true,
  keepaliveCountMax: true,
  debug: true,
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
} satisfies OptionTable<Peer>;
