/** Which behaviors hold, for each kind of call, over each transport. */
export class Matrix {
  readonly #transports: string[] = [];
  readonly #kinds: string[] = [];
  /** Whether a behavior held, by row, kind and transport. */
  readonly #rows = new Map<string, Map<string, Map<string, boolean>>>();

  /** Registers a behavior before its test runs. */
  expect(row: string, kind: string, transport: string): void {
    if (!this.#transports.includes(transport)) this.#transports.push(transport);
    if (!this.#kinds.includes(kind)) this.#kinds.push(kind);
    this.#cell(row, kind).set(transport, false);
  }

  /** Records that the test has passed. */
  passed(row: string, kind: string, transport: string): void {
    this.#cell(row, kind).set(transport, true);
  }

  /** A table: a letter for each transport where the behavior held, `!` where it did not, blank where it does not apply. */
  toString(): string {
    const letters = this.#transports.map((_, index) => String.fromCharCode(65 + index));
    const width = Math.max(letters.length, ...this.#kinds.map(({ length }) => length)) + 2;
    const first = Math.max(...[...this.#rows.keys()].map(({ length }) => length)) + 2;
    const lines = [...this.#rows].map(([row, kinds]) => {
      const cells = this.#kinds.map((kind) => {
        const held = kinds.get(kind);
        if (held === undefined) return "·";
        return this.#transports.map((name, index) => mark(held.get(name), letters[index] ?? "?")).join("");
      });
      return row.padEnd(first) + cells.map((cell) => cell.padEnd(width)).join("");
    });
    const head = "".padEnd(first) + this.#kinds.map((kind) => kind.padEnd(width)).join("");
    const legend = this.#transports.map((name, index) => `${letters[index]} = ${name}`);
    return [head, ...lines, "", ...legend, "! = did not hold, · = does not concern the kind"].join("\n");
  }

  #cell(row: string, kind: string): Map<string, boolean> {
    const kinds = this.#rows.get(row) ?? new Map<string, Map<string, boolean>>();
    this.#rows.set(row, kinds);
    const cell = kinds.get(kind) ?? new Map<string, boolean>();
    kinds.set(kind, cell);
    return cell;
  }
}

function mark(held: boolean | undefined, letter: string): string {
  if (held === undefined) return " ";
  return held ? letter : "!";
}
