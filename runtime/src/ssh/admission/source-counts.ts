import type { Siblings } from "../../base/siblings.js";
import type { PerSource } from "./guard-options.js";
import type { Source } from "./source.js";

const TOPIC = "sources";

/** How many connections one process has of a source. */
type Change = readonly [name: string, count: number];

/** Counts the open connections of each source, in all processes of a server. */
export class SourceCounts {
  #limits: Required<PerSource>;
  readonly #counts = new Map<string, number>();
  /** Those of other processes, by their number. */
  readonly #elsewhere = new Map<number, Map<string, number>>();
  readonly #siblings: Siblings | undefined;

  constructor(limits: Required<PerSource>, siblings?: Siblings) {
    this.#limits = limits;
    this.#siblings = siblings;
    siblings?.subscribe(TOPIC, (body, from) => {
      const counts = this.#elsewhere.get(from) ?? new Map<string, number>();
      this.#elsewhere.set(from, counts);
      for (const [name, count] of body as readonly Change[]) {
        if (count > 0) counts.set(name, count);
        else counts.delete(name);
      }
    });
    siblings?.onLeave((process) => this.#elsewhere.delete(process));
    siblings?.onJoin((process) => {
      if (this.#counts.size > 0) siblings.publish(TOPIC, [...this.#counts], process);
    });
  }

  /** Sets other limits, for new connections. */
  limit(limits: Required<PerSource>): void {
    this.#limits = limits;
  }

  /** Adds a connection; returns undefined, or the reason to refuse it. */
  add({ host, network }: Source): string | undefined {
    const { address: perHost, network: perNetwork } = this.#limits;
    if (this.#of(host) >= perHost) return `${host} has ${perHost} open connections (perSource.address)`;
    // Host and network are equal where the source is not an IP address: the prefix keeps their counts apart.
    if (this.#of(`network ${network}`) >= perNetwork) {
      return `${network} has ${perNetwork} open connections (perSource.network)`;
    }
    this.#change(host, 1);
    this.#change(`network ${network}`, 1);
    return undefined;
  }

  /** Removes an added connection. */
  remove({ host, network }: Source): void {
    this.#change(host, -1);
    this.#change(`network ${network}`, -1);
  }

  #of(name: string): number {
    let count = this.#counts.get(name) ?? 0;
    for (const counts of this.#elsewhere.values()) count += counts.get(name) ?? 0;
    return count;
  }

  #change(name: string, difference: number): void {
    const count = (this.#counts.get(name) ?? 0) + difference;
    if (count > 0) this.#counts.set(name, count);
    else this.#counts.delete(name);
    this.#siblings?.publish(TOPIC, [[name, count]] satisfies Change[]);
  }
}
