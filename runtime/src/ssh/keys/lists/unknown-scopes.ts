import type { Logger } from "../../../base/log.js";
import { nearest } from "../../../base/nearest.js";
import { grants } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";

/** Scopes that are remembered, so that each is described once: a file or a function may name any number of others. */
const MAX_KNOWN = 1000;

/** A line that grants scopes. */
export interface GrantingLine {
  readonly grant: { readonly scopes: readonly string[] };
  /** `file:line`. */
  readonly place: string;
}

/** Finds scopes and patterns that are granted and that no method asks for: most are misspelled. `*` is never one. */
export class UnknownScopes {
  readonly #asked: readonly string[];
  readonly #candidates: readonly string[];
  readonly #described = new Map<string, string>();

  /** @param asked all scopes that methods ask for */
  constructor(asked: readonly string[]) {
    this.#asked = asked;
    // A pattern is near to what its writer meant where what stands before the star is.
    this.#candidates = [...asked, ...asked.map((scope) => `${scope.replace(/[^:]*$/, "")}*`)];
  }

  /** What is to be said of lists, each as `file:line: what`. */
  inLines(lines: readonly GrantingLine[]): string[] {
    return lines.flatMap(({ grant, place }) =>
      grant.scopes.filter((scope) => this.#isUnknown(scope)).map((scope) => `${place}: ${this.#describe(scope)}`),
    );
  }

  /** Warns of what somebody holds who has logged in: a certificate or a function granted it. Of each scope once. */
  warn(scopes: readonly string[], who: object, log: Logger): void {
    for (const scope of scopes) {
      if (this.#described.has(scope) || this.#described.size >= MAX_KNOWN || !this.#isUnknown(scope)) continue;
      log.warn(who, this.#describe(scope));
    }
  }

  #isUnknown(scope: string): boolean {
    return scope !== "*" && !this.#asked.some((name) => grants([scope], name));
  }

  #describe(scope: string): string {
    const known = this.#described.get(scope);
    if (known !== undefined) return known;
    const meant = this.#described.size < MAX_KNOWN ? nearest(scope, this.#candidates) : undefined;
    const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
    const description = `no method asks for the scope "${printable(scope, 60)}"${hint}`;
    if (this.#described.size < MAX_KNOWN) this.#described.set(scope, description);
    return description;
  }
}
