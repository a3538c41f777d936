/** Answers what a result depends on beside its input, such as the type of a name. */
export type Ask = (question: string) => unknown;

interface Known<Result> {
  readonly answers: ReadonlyMap<string, unknown>;
  readonly result: Result;
}

/** Results by the objects of which they are results. One is valid while everything that it asked for has the same answer. */
export class Memo<Result> {
  readonly #results = new WeakMap<object, Map<string, Known<Result>>>();

  /**
   * @param input the object, which never changes
   * @param use tells the results of one input apart
   * @param compute makes the result from the input, and from what it asks for
   */
  get(input: object, use: string, ask: Ask, compute: (ask: Ask) => Result): Result {
    const results = this.#results.get(input) ?? new Map<string, Known<Result>>();
    this.#results.set(input, results);
    const known = results.get(use);
    if (known !== undefined && isCurrent(known, ask)) return known.result;
    const answers = new Map<string, unknown>();
    const result = compute((question) => {
      if (!answers.has(question)) answers.set(question, ask(question));
      return answers.get(question);
    });
    results.set(use, { answers, result });
    return result;
  }
}

function isCurrent({ answers }: Known<unknown>, ask: Ask): boolean {
  for (const [question, answer] of answers) if (ask(question) !== answer) return false;
  return true;
}
