import type { Random } from "../../unit/runtime/wire/random.js";
import { pick } from "../random.js";
import type { Cut } from "./link.js";

/** What the nemesis does next. */
export type Decision =
  | { readonly kind: "kill"; readonly node: string; readonly down: number }
  | { readonly kind: "restart"; readonly node: string }
  | { readonly kind: "stop"; readonly node: string; readonly ms: number }
  | { readonly kind: "cut"; readonly links: readonly string[]; readonly cut: Cut };

/** The names of what faults may meet. */
export interface Targets {
  readonly servers: readonly string[];
  /** Whether servers are killed and restarted: without a ledger in a file, they lose what they promise. */
  readonly killsServers: boolean;
  readonly clients: readonly string[];
  readonly links: readonly string[];
}

export interface Step {
  /** Milliseconds before it. */
  readonly pause: number;
  readonly decision: Decision;
}

/** The mean pause between two faults in ms. */
const PAUSE = 600;
/** The longest times in ms that a process stays down or stopped, or that a link is mute. */
const [DOWN, STOPPED, MUTE] = [1200, 2500, 3000];
const MIN_STOPPED = 100;

/**
 * The steps of a run, without an end. They depend on `random` and the names alone, not on what happens. Faults come as the cards of
 * a deck, which is shuffled anew each time: each kind occurs in each round.
 */
export function* plan(random: Random, { servers, clients, links, killsServers }: Targets): Generator<Step, never> {
  const one = (names: readonly string[]): string => names[random.below(names.length)] as string;
  const cutOne = (): Decision => ({ kind: "cut", links: [one(links)], cut: drawCut(random) });
  const cutAll = (): Decision => ({ kind: "cut", links, cut: drawCut(random) });
  const kill = (nodes: readonly string[]) => (): Decision => ({
    kind: "kill",
    node: one(nodes),
    down: random.below(DOWN),
  });
  const stop = (nodes: readonly string[]) => (): Decision => ({
    ...{ kind: "stop", node: one(nodes), ms: MIN_STOPPED + random.below(STOPPED) },
  });
  const restart = (): Decision => ({ kind: "restart", node: one(servers) });
  const deck = [
    ...Array.from({ length: 12 }, () => cutOne),
    ...[cutAll, cutAll, stop(servers)],
    ...(killsServers ? [kill(servers), restart] : []),
    ...Array.from({ length: 3 }, () => [kill(clients), stop(clients)]).flat(),
  ];
  for (;;) {
    for (const card of shuffle(random, deck)) yield { pause: random.below(2 * PAUSE), decision: card() };
  }
}

function shuffle<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0] as T);
}

function drawCut(random: Random): Cut {
  const direction = random.below(2) === 0 ? "up" : "down";
  return pick<() => Cut>(random, [
    [25, () => ({ how: "reset" })],
    [15, () => ({ how: "end" })],
    [30, () => ({ how: "after", bytes: random.below(20_000), direction })],
    // Requests arrive, and no answer comes back; or the reverse; or neither.
    [30, () => ({ how: "mute", ms: random.below(MUTE), direction: random.below(4) === 0 ? "both" : direction })],
  ])();
}
