import type { PerSource } from "./guard-options.js";
import type { Source } from "./source.js";

/** How many connections each source has open. */
export class SourceCounts {
  readonly #limits: Required<PerSource>;
  readonly #counts = new Map<string, number>();

  constructor(limits: Required<PerSource>) {
    this.#limits = limits;
  }

  /** Counts one more; undefined, or the reason to refuse it. */
  enter({ host, network }: Source): string | undefined {
    const { address: perHost, network: perNetwork } = this.#limits;
    if (this.#of(host) >= perHost) return `${host} has ${perHost} connections open (perSource.address)`;
    // For what is no IP address both are the same; the name keeps their counts apart.
    if (this.#of(`network ${network}`) >= perNetwork) {
      return `${network} has ${perNetwork} connections open (perSource.network)`;
    }
    this.#add(host, 1);
    this.#add(`network ${network}`, 1);
    return undefined;
  }

  /** One that was counted has gone. */
  leave({ host, network }: Source): void {
    this.#add(host, -1);
    this.#add(`network ${network}`, -1);
  }

  #of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  #add(name: string, difference: number): void {
    const count = this.#of(name) + difference;
    if (count > 0) this.#counts.set(name, count);
    else this.#counts.delete(name);
  }
}
