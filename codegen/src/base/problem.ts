/** A position in a source file. Lines and columns count from 1. */
export interface Position {
  /** Relative to the working directory if the file is inside it, absolute otherwise. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One problem of a schema. */
export interface Problem extends Position {
  /** The path in the schema, such as `resources.note.GET`; empty for the whole module. */
  readonly path: string;
  /** The problem and its fix. */
  readonly message: string;
}

/** Formats a problem as `schema/api.ts:12:7: resources.note.GET: message`, on one line, for a terminal. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  const text = `${file}:${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`;
  // Names of a schema may have any character.
  return text.replaceAll(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1));
}

/** The schema is invalid. The error carries every problem that one run found, in source order. */
export class SchemaProblem extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = inSourceOrder(problems);
    super(sorted.map(formatProblem).join("\n"));
    this.name = "SchemaProblem";
    this.problems = sorted;
  }
}

/** Collects problems, so that one run reports all independent ones. */
export class Problems {
  readonly #found = new Map<string, Problem>();
  #reported = 0;

  /** How often a problem was added, equal ones included. */
  get reported(): number {
    return this.#reported;
  }

  get count(): number {
    return this.#found.size;
  }

  add(at: Position, path: string, message: string): void {
    const problem = { file: at.file, line: at.line, column: at.column, path, message };
    this.#reported += 1;
    this.#found.set(formatProblem(problem), problem);
  }

  /** @throws SchemaProblem if anything was collected. */
  throwIfAny(): void {
    if (this.#found.size > 0) throw new SchemaProblem([...this.#found.values()]);
  }
}

function inSourceOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
