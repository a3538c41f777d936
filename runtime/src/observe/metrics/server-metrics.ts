import type { Registry } from "prom-client";
import type { ListedKeys, Observer, ServerState } from "../../base/observer/observer.js";

type Client = typeof import("prom-client");

/** The metric of readiness, after `sshrpc_`. */
export const READY = "ready";

/** The metrics of the state of the servers in this process. They are asked for their state when metrics are collected. */
export function serverMetrics(client: Client, registry: Registry): Observer {
  const servers = new Set<ServerState>();
  /** Lines that logs of ended servers have lost. */
  let lostBefore = 0;
  const gauge = (
    name: string,
    help: string,
    collect?: (set: (value: number) => void) => unknown,
  ): { set(value: number): void } => {
    const made = new client.Gauge({
      name: `sshrpc_${name}`,
      help,
      // Of several processes of a server, the worst.
      aggregator: name.startsWith("audit_") ? "max" : "min",
      registers: [registry],
      async collect() {
        if (collect === undefined) return;
        if (servers.size === 0) this.remove();
        else await collect((value) => this.set(value));
      },
    });
    return made;
  };
  const keyGauge = (name: string, help: string, read: (keys: readonly ListedKeys[]) => number | undefined): void => {
    new client.Gauge({
      name: `sshrpc_${name}`,
      help,
      // Each process reads the same lists.
      aggregator: "min",
      registers: [registry],
      collect() {
        const keys = [...servers].flatMap((server) => server.authorizedKeys() ?? []);
        const value = keys.length === 0 ? undefined : read(keys);
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  };
  gauge(READY, "Whether the server is ready: 1, or 0 while its check fails or it shuts down.", async (set) => {
    const reasons = await Promise.all([...servers].map((server) => server.unready()));
    set(reasons.every((reason) => reason === undefined) ? 1 : 0);
  });
  gauge("audit_failing", "Whether the audit log cannot be written.", (set) =>
    set([...servers].some((server) => server.auditFailure() !== undefined) ? 1 : 0),
  );
  gauge("audit_refusing_calls", "Whether calls are refused because the audit log cannot be written.", (set) =>
    set([...servers].some((server) => server.refusesCalls()) ? 1 : 0),
  );
  const limitGauge = (name: string, help: string, value: "held" | "limit"): void => {
    new client.Gauge({
      name: `sshrpc_server_${name}`,
      help,
      labelNames: ["resource"] as const,
      registers: [registry],
      collect() {
        this.reset();
        for (const server of servers)
          for (const usage of server.usage()) this.inc({ resource: usage.resource }, usage[value]);
      },
    });
  };
  limitGauge("held", "Connections after their login, calls and bytes of memory that all keys hold.", "held");
  limitGauge("limits", "What all keys may hold.", "limit");
  keyGauge("authorized_keys", "Keys that are listed, with those of authorities.", (keys) =>
    keys.reduce((sum, { count }) => sum + count, 0),
  );
  keyGauge(
    "authorized_keys_next_expiry_timestamp_seconds",
    "When the next of the listed keys expires. Absent if none will.",
    (keys) => {
      const times = keys.flatMap(({ nextExpiry }) => nextExpiry ?? []);
      return times.length === 0 ? undefined : Math.min(...times) / 1000;
    },
  );
  new client.Counter({
    name: "sshrpc_log_lines_lost_total",
    help: "Lines of the log that could not be written.",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(lostBefore + [...servers].reduce((sum, server) => sum + (server.logLinesLost() ?? 0), 0));
    },
  });
  const succeeded = gauge("config_last_reload_successful", "Whether the last reload of the configuration succeeded.");
  const time = gauge(
    "config_last_reload_success_timestamp_seconds",
    "When the configuration was last read with success, at the start or by a reload.",
  );
  const reloaded = (isOk: boolean): void => {
    succeeded.set(isOk ? 1 : 0);
    if (isOk) time.set(Date.now() / 1000);
  };
  return {
    serverStarted: (server) => {
      servers.add(server);
      reloaded(true);
    },
    serverEnded: ({ server }) => {
      lostBefore += server.logLinesLost() ?? 0;
      servers.delete(server);
    },
    configurationReloaded: ({ error }) => reloaded(error === undefined),
  };
}
