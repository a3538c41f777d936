/** A place in a source file. Lines and columns count from 1. */
export interface Position {
  /** As messages print it: relative to the working directory where it lies inside it. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a schema. */
export interface Problem extends Position {
  /** Where in the schema's value, such as `resources.note.GET`; empty for the whole module. */
  readonly path: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** How a problem is printed: `schema/api.ts:12:7: resources.note.GET: what is wrong`. */
function formatProblem({ file, line, column, path, message }: Problem): string {
  return `${file}:${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`;
}

/** A schema that cannot be generated from. It carries every problem that was found in one run, in source order. */
export class SchemaProblem extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = inSourceOrder(problems);
    super(sorted.map(formatProblem).join("\n"));
    this.name = "SchemaProblem";
    this.problems = sorted;
  }
}

/** Collects problems, so that one run reports all that are independent. */
export class Problems {
  readonly #found = new Map<string, Problem>();

  get count(): number {
    return this.#found.size;
  }

  add(at: Position, path: string, message: string): void {
    const problem = { file: at.file, line: at.line, column: at.column, path, message };
    this.#found.set(formatProblem(problem), problem);
  }

  /** @throws SchemaProblem where anything was collected. */
  throwIfAny(): void {
    if (this.#found.size > 0) throw new SchemaProblem([...this.#found.values()]);
  }
}

function inSourceOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
