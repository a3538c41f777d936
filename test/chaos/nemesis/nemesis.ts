import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../unit/runtime/wire/random.js";
import type { Link } from "./link.js";
import type { Node } from "./node.js";
import { type Decision, plan } from "./plan.js";

/** What faults may meet. */
export interface Prey {
  readonly servers: readonly Node[];
  readonly clients: readonly Node[];
  readonly links: readonly Link[];
  /** See {@link Targets.killsServers}. */
  readonly killsServers: boolean;
}

/**
 * Applies the faults of a {@link plan} until `signal` aborts, several at once where they fall together, and resolves when each has
 * ended: all processes run again, but for those that did not start, which are among the faults as those that ended by themselves.
 */
export async function torment(prey: Prey, random: Random, signal: AbortSignal): Promise<void> {
  const { servers, clients, links, killsServers } = prey;
  const nodes = new Map([...servers, ...clients].map((node) => [node.name, node]));
  const byName = new Map(links.map((link) => [link.name, link]));
  const running = new Set<Promise<void>>();
  const names = (all: readonly { readonly name: string }[]): string[] => all.map(({ name }) => name);
  const apply = async (decision: Decision): Promise<void> => {
    if (decision.kind === "cut") for (const name of decision.links) byName.get(name)?.cut(decision.cut);
    else {
      const node = nodes.get(decision.node);
      if (decision.kind === "kill") await node?.kill(decision.down);
      else if (decision.kind === "restart") await node?.restart();
      else await node?.stop(decision.ms);
    }
  };
  for (const { pause, decision } of plan(random, {
    servers: names(servers),
    clients: names(clients),
    links: names(links),
    killsServers,
  })) {
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const fault = apply(decision)
      .catch(() => undefined)
      .finally(() => running.delete(fault));
    running.add(fault);
  }
  for (const node of nodes.values()) node.spare();
  await Promise.all(running);
}
