import type { PerSource } from "./guard-options.js";
import type { Source } from "./source.js";

/** Counts the open connections of each source. */
export class SourceCounts {
  #limits: Required<PerSource>;
  readonly #counts = new Map<string, number>();

  constructor(limits: Required<PerSource>) {
    this.#limits = limits;
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
    return this.#counts.get(name) ?? 0;
  }

  #change(name: string, difference: number): void {
    const count = this.#of(name) + difference;
    if (count > 0) this.#counts.set(name, count);
    else this.#counts.delete(name);
  }
}
