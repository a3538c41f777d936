import { isAdjustable, type Logger, type LogLevel, SILENT } from "../base/log.js";
import { callFields, connectionFields, peerFields } from "../base/observer/line-fields.js";
import type {
  AuthenticationRequest,
  CallEnded,
  ForwardEvent,
  Observer,
  SessionEvent,
} from "../base/observer/observer.js";
import { REFUSAL_LINES, RefusalLines } from "../base/observer/refusal-lines.js";
import { printable } from "../base/printable.js";
import { RpcError } from "../contract/rpc-error.js";

/** An observer that writes lines. */
export interface Lines {
  readonly observer: Observer;
  /** Bounds its lines of refusals; see `refusalLines`. */
  readonly refusals: RefusalLines;
  /** Writes the summaries of what was omitted. */
  flush(): void;
}

/** Lines about connections for each line of a refusal: scripts connect often, and their logins should be on record. */
const CONNECTION_LINES = 10;

type Write = (level: LogLevel, fields: object, message: string) => void;

/**
 * Writes the events of a server to a logger, as lines for its operator. Calls have lines at the level `debug`; where the logger
 * neither writes that level nor may do so later (`openLog`), calls are not observed.
 */
export function logObserver(log: Logger, refusalLines?: number): Lines {
  const lines = lineObserver((level, fields, message) => log[level](fields, message), refusalLines);
  if (log === SILENT) return { ...lines, observer: {} };
  if (!isAdjustable(log) && log.isLevelEnabled?.("debug") !== true) return lines;
  const callEnded = (call: CallEnded): void => {
    if (log.isLevelEnabled?.("debug") === false) return;
    const fields = admittedCall(call, lines.refusals);
    if (fields !== undefined) log.debug(fields, CALL);
  };
  return { ...lines, observer: { ...lines.observer, callEnded } };
}

/** The message of the line of a call. */
export const CALL = "call";

/** The fields of the line of a call; undefined if its refusal has no line, but is counted. */
export function admittedCall(call: CallEnded, refusals: RefusalLines): object | undefined {
  if (call.refused && !refusals.admit(call.peer, `${call.status} ${call.method}`)) return undefined;
  const reason = reasonOf(call);
  return { ...callFields(call), ...(reason !== undefined && { reason }) };
}

/** Why a call failed: the text that its caller got. What a handler threw instead stays in the log, under the reference. */
function reasonOf({ error }: CallEnded): string | undefined {
  if (!(error instanceof RpcError)) return undefined;
  const { reference } = (error.details ?? {}) as { readonly reference?: unknown };
  const isExposed = error.status === "INTERNAL" && typeof reference === "string";
  return isExposed
    ? `the handler failed; the server's log has the reason under ${reference}`
    : printable(error.message);
}

/** Writes the events of connections, logins, sessions, forwarding and keys as lines. */
export function lineObserver(write: Write, refusalLines = REFUSAL_LINES): Lines {
  const refusals = new RefusalLines(refusalLines, ({ peer, ...counts }) =>
    write("warn", { ...peerFields(peer), ...counts }, "more refusals of this key"),
  );
  const connections = new RefusalLines(refusalLines * CONNECTION_LINES, ({ peer, omitted, refusals: lines }) =>
    write("warn", { address: peer.address, ...peerFields(peer), omitted, lines }, "more lines about connections"),
  );
  const flush = (): void => [refusals, connections].forEach((lines) => void lines.flush());
  return { observer: linesOf(write, refusals, connections), refusals, flush };
}

function linesOf(write: Write, refusals: RefusalLines, connections: RefusalLines): Observer {
  return {
    connectionAdmitted: ({ address, isReturning }) => {
      // Load balancers that check the port come again each second; a login has a line of its own.
      if (isReturning) {
        write("debug", { address }, "connection from a returning address");
        return;
      }
      if (!connections.admit({ user: "", scopes: [], address }, "connection")) return;
      write("info", { address }, "connection from a new address");
    },
    connectionRefused: ({ address, reason }) => write("warn", { address, reason }, "connection refused"),
    refusalsOmitted: ({ count }) => write("warn", { omitted: count }, "more connections refused"),
    connectionClosed: ({ reason, version, milliseconds, bytesIn, bytesOut, ...event }) => {
      if (!connections.admit(event.peer, "SSH connection closed")) return;
      const why = { ...(version !== undefined && { version }), ...(reason !== undefined && { reason }) };
      const traffic = { ms: Math.round(milliseconds), bytesIn, bytesOut };
      write("info", { ...connectionFields(event), ...why, ...traffic }, "SSH connection closed");
    },
    rekeyed: (event) => write("debug", connectionFields(event), "new keys"),
    authenticationRefused: ({ rejectedKey, reason, ...request }) =>
      write("info", { ...requestFields(request), ...rejectedKey, reason }, "authentication refused"),
    partiallyAuthenticated: (request) => write("info", requestFields(request), "partially authenticated"),
    passwordChangeRequested: (request) => write("info", requestFields(request), "password change requested"),
    authenticated: (event) => {
      if (!connections.admit(event.peer, "authenticated")) return;
      const { authMethods, scopes, algorithms } = event.peer;
      const { kex, cipher } = algorithms ?? {};
      const authMethod = authMethods?.join(",");
      write("info", { ...connectionFields(event), authMethod, scopes, ...(kex && { kex, cipher }) }, "authenticated");
    },
    scopesChanged: (event) =>
      write("info", { ...connectionFields(event), scopes: event.peer.scopes }, "scopes changed"),
    reauthorizationFailed: ({ reason, ...event }) =>
      write("warn", { ...connectionFields(event), reason }, "reauthorization failed; the peer keeps its access"),
    accessRevoked: ({ reason, ...event }) => write("info", { ...connectionFields(event), reason }, "access revoked"),
    connectionDenied: ({ reason, ...event }) => {
      if (!refusals.admit(event.peer, "connection")) return;
      write("warn", { ...connectionFields(event), reason }, "connection denied: too many connections");
    },
    connectionKicked: ({ by, grace, reason, ...event }) => {
      const operator = { by: { ...connectionFields({ peer: by, connectionId: by.connectionId }) } };
      write(
        "warn",
        { ...connectionFields(event), ...operator, ...(grace > 0 && { grace }), reason },
        "connection kicked",
      );
    },
    sessionOpened: ({ transport, kind, ...event }) => {
      // Over SSH, the line of the login is enough.
      if (transport !== "stdio") return;
      const served = kind === "subsystem" ? "native" : kind;
      write("info", { ...connectionFields(event), kind: served }, "session over stdio");
    },
    sessionRefused: ({ reason, ...event }) => {
      if (!refusals.admit(event.peer, `session ${event.kind}`)) return;
      write("info", { ...connectionFields(event), kind: sessionKind(event), reason }, "session refused");
    },
    forwardRefused: ({ reason, ...event }) => {
      if (!refusals.admit(event.peer, `forwarding ${event.kind}`)) return;
      write("info", { ...forwardFields(event), reason }, "forwarding refused");
    },
    forwardClosed: ({ milliseconds, bytesIn, bytesOut, ...event }) => {
      if (!connections.admit(event.peer, `forwarded connection ended: ${event.kind}`)) return;
      const traffic = { ms: Math.round(milliseconds), bytesIn, bytesOut };
      write("info", { ...forwardFields(event), ...traffic }, "forwarded connection ended");
    },
    listenerOpened: ({ port, ...event }) => {
      if (!connections.admit(event.peer, `listening for a peer: ${event.kind}`)) return;
      const bound = port === undefined ? {} : { port };
      write("info", { ...forwardFields(event), ...bound }, "listening for a peer");
    },
    handlerStuck: ({ method, stuck, ...event }) => {
      if (!refusals.admit(event.peer, `stuck ${method}`)) return;
      write(
        "warn",
        { ...connectionFields(event), method, stuck },
        "a handler still runs after its call has ended; it must end when ctx.signal aborts",
      );
    },
    contractDrift: ({ local, remote, different, missing, ...event }) => {
      if (!refusals.admit(event.peer, "contract drift")) return;
      // Text of the client.
      const client = printable(`${remote.name} ${remote.version} (hash ${remote.hash.slice(0, 12)})`, 200);
      const server = `${local.name} ${local.version} (hash ${local.hash.slice(0, 12)})`;
      const callbacks = [...different, ...missing].slice(0, 20);
      const fields = { client, server, ...(callbacks.length > 0 && { callbacks }) };
      write(
        callbacks.length > 0 ? "warn" : "info",
        { ...connectionFields(event), ...fields },
        "the client has another contract",
      );
    },
    keysReloaded: ({ list, ...fields }) => write("info", fields, `${list} reloaded`),
    diagnostic: ({ level, message, error, fields, ...event }) => {
      // A peer can cause these as often as it likes; without a peer, they are of the server.
      if (level !== "debug" && !refusals.admit(event.peer, message)) return;
      const failure = error === undefined ? {} : { err: error };
      write(level, { ...connectionFields(event), ...fields, ...failure }, message);
    },
  };
}

/** The user is the one that the client claims to be. */
function requestFields({ connectionId, address, user, method }: AuthenticationRequest): object {
  return { ...connectionFields({ connectionId, address }), user, authMethod: method };
}

function forwardFields({ kind, to, on, from, ...event }: ForwardEvent): object {
  return {
    ...connectionFields(event),
    kind,
    ...(to !== undefined && { to }),
    ...(on !== undefined && { on }),
    ...(from !== undefined && { from }),
  };
}

function sessionKind({ kind, name }: SessionEvent): string {
  return kind === "subsystem" ? `the subsystem ${name}` : kind;
}
