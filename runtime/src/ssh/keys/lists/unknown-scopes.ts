import { nearest } from "../../../base/nearest.js";
import type { ConnectionEvent, Observer } from "../../../base/observer/observer.js";
import { grants } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";

/** Scopes that are remembered to warn of each once; files and functions may name any number. */
const MAX_KNOWN = 1000;

/** A line that grants scopes. */
interface GrantingLine {
  readonly grant: { readonly scopes: readonly string[] };
  /** `file:line`. */
  readonly place: string;
}

/** Finds granted scopes and patterns that no method requires, which are most likely misspelled. `*` is always known. */
export class UnknownScopes {
  readonly #required: readonly string[];
  readonly #candidates: readonly string[];
  readonly #described = new Map<string, string>();

  /** @param required all scopes that methods require */
  constructor(required: readonly string[]) {
    this.#required = required;
    // A pattern is compared by its text before the star.
    this.#candidates = [...required, ...required.map((scope) => `${scope.replace(/[^:]*$/, "")}*`)];
  }

  /** The warnings for lines, each as `file:line: text`. */
  inLines(lines: readonly GrantingLine[]): string[] {
    return lines.flatMap(({ grant, place }) =>
      grant.scopes.filter((scope) => this.#isUnknown(scope)).map((scope) => `${place}: ${this.#describe(scope)}`),
    );
  }

  /** Warns, once per scope, of the scopes of a peer that logged in: a certificate or a function granted them. */
  warn(scopes: readonly string[], connection: ConnectionEvent, observer: Observer): void {
    for (const scope of scopes) {
      if (this.#described.has(scope) || this.#described.size >= MAX_KNOWN || !this.#isUnknown(scope)) continue;
      observer.diagnostic?.({ ...connection, level: "warn", message: this.#describe(scope) });
    }
  }

  #isUnknown(scope: string): boolean {
    return scope !== "*" && !this.#required.some((name) => grants([scope], name));
  }

  #describe(scope: string): string {
    const known = this.#described.get(scope);
    if (known !== undefined) return known;
    const meant = this.#described.size < MAX_KNOWN ? nearest(scope, this.#candidates) : undefined;
    const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
    const description = `no method requires the scope "${printable(scope, 60)}"${hint}`;
    if (this.#described.size < MAX_KNOWN) this.#described.set(scope, description);
    return description;
  }
}
