import type { Peer } from "../../base/peer.js";
import { VERSION } from "../../base/version.js";
import {
  HEALTH,
  type Health,
  KICK,
  KICK_CONNECTION,
  type KickConnectionRequest,
  type Kicked,
  type KickRequest,
  STATUS,
} from "../../contract/built-in/operations.js";
import type { ServerStatus, StatusRequest } from "../../contract/built-in/server-status.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { OtherProcesses } from "../call/other-processes.js";
import type { Route } from "../call/route.js";
import { EventLoopMeter } from "./event-loop.js";
import type { HealthCheck, OperatedOptions } from "./health-check.js";
import { type KickConfig, kick, kickConnection } from "./kick.js";
import { mergeHealth, mergeKicked, mergeStatus } from "./merge-answers.js";
import { type StatusSources, serverStatus } from "./server-status.js";

/** What the methods for operators need of a server. */
export interface OperationsConfig extends StatusSources, KickConfig {
  readonly health: HealthCheck;
  /** The other processes of the server. */
  readonly others: OtherProcesses | undefined;
}

/** Adds to what a server has. */
export function operationsConfig(
  options: OperatedOptions,
  server: Omit<OperationsConfig, "others" | "eventLoop" | "listedKeys" | "createdAt">,
): OperationsConfig {
  return {
    ...server,
    ...{ others: options.others, eventLoop: new EventLoopMeter() },
    listedKeys: options.listedKeys ?? (() => undefined),
    createdAt: performance.now(),
  };
}

/** The handlers of the built-in methods for operators, by id: they answer for all processes of the server. */
export function operationHandlers(config: OperationsConfig): ReadonlyMap<string, Route["handler"]> {
  const { others } = config;
  const ids = [HEALTH.id, STATUS.id, KICK.id, KICK_CONNECTION.id] as const;
  if (others === undefined)
    return new Map(ids.map((id) => [id, (request, { peer }) => operate(config, id, request, peer)]));
  return new Map<string, Route["handler"]>(
    ids.map((id) => [
      id,
      async (request, { peer }) => {
        const own = await attempt(() => operate(config, id, request, peer));
        return merge(id, request, own, await others.ask(id, request, peer));
      },
    ]),
  );
}

/** Answers a built-in method for operators, for this process alone. @throws RpcError NOT_FOUND, BAD_REQUEST */
export function operate(config: OperationsConfig, id: string, request: unknown, by: Peer): unknown {
  if (id === HEALTH.id) return healthOf(config);
  if (id === STATUS.id) return serverStatus(config, request as StatusRequest);
  if (id === KICK.id) return kick(config, request as KickRequest, by);
  return kickConnection(config, request as KickConnectionRequest, by);
}

/** What a process answers: a response, or an error that it throws here. */
type Answer = { readonly value: unknown } | { readonly error: unknown };

async function attempt(work: () => unknown): Promise<Answer> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error };
  }
}

/** The answer of the server. Processes that did not answer are left out: one that hangs must not hide the others. */
function merge(id: string, request: unknown, own: Answer, others: readonly unknown[]): unknown {
  const isWrong = "error" in own && (own.error as RpcError).status !== "NOT_FOUND";
  const values = [...("value" in own ? [own.value] : []), ...others];
  if (isWrong || values.length === 0) throw (own as { readonly error: unknown }).error;
  if (id === HEALTH.id) return mergeHealth(values as readonly Health[]);
  if (id === STATUS.id) return mergeStatus(values as readonly ServerStatus[], request as StatusRequest);
  return mergeKicked(values as readonly Kicked[]);
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
