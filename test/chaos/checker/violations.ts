/** How many violations of one rule a report lists. */
const LISTED = 10;

/** What a checker has found. */
export class Violations {
  readonly #found = new Map<string, string[]>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The rules that are violated. */
  get rules(): readonly string[] {
    return [...this.#found.keys()];
  }

  /** @param rule what must not happen, in a few words */
  add(rule: string, text: string): void {
    const texts = this.#found.get(rule) ?? [];
    texts.push(text);
    this.#found.set(rule, texts);
    this.#count++;
  }

  toString(): string {
    if (this.#count === 0) return "violations: none";
    const lines = [`VIOLATIONS: ${this.#count}`];
    for (const [rule, texts] of this.#found) {
      lines.push(`  ${rule}: ${texts.length}`, ...texts.slice(0, LISTED).map((text) => `    ${text}`));
      if (texts.length > LISTED) lines.push(`    … ${texts.length - LISTED} more`);
    }
    return lines.join("\n");
  }
}
