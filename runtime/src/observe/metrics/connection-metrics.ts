import type { Registry } from "prom-client";
import type { Observer } from "../../base/observer/observer.js";
import { VERSION } from "../../base/version.js";

type Client = typeof import("prom-client");

/** The metrics of connections, logins, sessions, forwarding and shutdown. */
export function connectionMetrics(client: Client, registry: Registry): Observer {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new client.Counter({ name: `sshrpc_${name}_total`, help, labelNames, registers });
  const open = new client.Gauge({ name: "sshrpc_connections", help: "Open connections.", registers });
  const draining = new client.Gauge({ name: "sshrpc_draining", help: "Servers that shut down gracefully.", registers });
  const info = new client.Gauge({
    name: "sshrpc_info",
    help: "The version of sshrpc.",
    labelNames: ["version"],
    registers,
  });
  info.set({ version: VERSION }, 1);
  const closed = counter("connections_closed", "Connections that have ended.");
  const bytes = counter("connection_bytes", "Bytes on connections that have ended.", "direction");
  const refused = counter(
    "connections_refused",
    "Connections that were refused before their login, or denied after it.",
    "when",
  );
  const logins = counter("logins", "Logins, and authentication requests that were refused.", "outcome");
  const sessions = counter("sessions", "Sessions.", "kind", "outcome");
  const forwards = counter("forwards", "Forwarded connections.", "kind", "outcome");
  const rekeys = counter("rekeys", "Key exchanges on open connections.");
  const revoked = counter("access_revoked", "Connections that ended because their key was revoked.");
  const drains = counter("drains", "Graceful shutdowns that have begun.");
  const lost = counter("audit_lines_lost", "Lines of the audit log that could not be written.");
  const failures = counter("client_connect_failures", "Attempts to connect that failed.");
  const drift = counter("contract_drift", "Peers that were built with another contract.");
  // Rates need a first value.
  for (const outcome of ["accepted", "refused"]) logins.inc({ outcome }, 0);
  for (const when of ["before login", "after login"]) refused.inc({ when }, 0);
  return {
    connectionOpened: () => open.inc(),
    connectionClosed: ({ bytesIn, bytesOut }) => {
      open.dec();
      closed.inc();
      if (bytesIn !== undefined) bytes.inc({ direction: "in" }, bytesIn);
      if (bytesOut !== undefined) bytes.inc({ direction: "out" }, bytesOut);
    },
    connectionRefused: () => refused.inc({ when: "before login" }),
    refusalsOmitted: ({ count }) => refused.inc({ when: "before login" }, count),
    connectionDenied: () => refused.inc({ when: "after login" }),
    authenticated: () => logins.inc({ outcome: "accepted" }),
    authenticationRefused: () => logins.inc({ outcome: "refused" }),
    sessionOpened: ({ kind }) => sessions.inc({ kind, outcome: "accepted" }),
    sessionRefused: ({ kind }) => sessions.inc({ kind, outcome: "refused" }),
    forwardOpened: ({ kind }) => forwards.inc({ kind, outcome: "accepted" }),
    forwardRefused: ({ kind }) => forwards.inc({ kind, outcome: "refused" }),
    rekeyed: () => rekeys.inc(),
    accessRevoked: () => revoked.inc(),
    drainStarted: () => {
      drains.inc();
      draining.inc();
    },
    drainEnded: () => draining.dec(),
    auditLinesLost: ({ count }) => lost.inc(count),
    connectFailed: () => failures.inc(),
    contractDrift: () => drift.inc(),
  };
}
