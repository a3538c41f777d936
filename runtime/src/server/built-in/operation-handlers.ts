import { VERSION } from "../../base/version.js";
import {
  HEALTH,
  type Health,
  KICK,
  KICK_CONNECTION,
  type KickConnectionRequest,
  type KickRequest,
  STATUS,
} from "../../contract/built-in/operations.js";
import type { StatusRequest } from "../../contract/built-in/server-status.js";
import type { Route } from "../call/route.js";
import type { HealthCheck } from "./health-check.js";
import { type KickConfig, kick, kickConnection } from "./kick.js";
import { type StatusSources, serverStatus } from "./server-status.js";

/** What the methods for operators need of a server. */
export interface OperationsConfig extends StatusSources, KickConfig {
  readonly health: HealthCheck;
}

/** The handlers of the built-in methods for operators, by id. */
export function operationHandlers(config: OperationsConfig): ReadonlyMap<string, Route["handler"]> {
  return new Map<string, Route["handler"]>([
    [HEALTH.id, () => healthOf(config)],
    [STATUS.id, (request) => serverStatus(config, request as StatusRequest)],
    [KICK.id, (request, { peer }) => kick(config, request as KickRequest, peer)],
    [KICK_CONNECTION.id, (request, { peer }) => kickConnection(config, request as KickConnectionRequest, peer)],
  ]);
}

async function healthOf({ api, health, isDraining, createdAt }: OperationsConfig): Promise<Health> {
  // A server that shuts down may have closed what its check asks for.
  const unready = isDraining() ? undefined : await health.reason();
  const { name, version, hash } = api;
  const reason = isDraining() ? "the server is shutting down" : unready;
  return {
    status: isDraining() ? "draining" : unready === undefined ? "ok" : "unready",
    ...(reason !== undefined && { reason }),
    uptime: Math.round(performance.now() - createdAt),
    version: VERSION,
    contract: { name, version, hash },
  };
}
