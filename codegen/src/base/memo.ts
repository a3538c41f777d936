/** Answers what a result depends on beside its input, such as the type of a name. It may have an effect that the result needs. */
export type Ask<Question = string> = (question: Question) => unknown;

interface Known<Question, Result> {
  readonly answers: ReadonlyMap<Question, unknown>;
  readonly result: Result;
}

/** Results by the objects of which they are results. One is valid while everything that it asked for has the same answer. */
export class Memo<Result, Question = string> {
  readonly #results = new WeakMap<object, Map<string, Known<Question, Result>>>();

  /**
   * @param input the object, which never changes
   * @param use tells the results of one input apart
   * @param compute makes the result from the input, and from what it asks for. It asks the same as long as the answers are the same.
   */
  get(input: object, use: string, ask: Ask<Question>, compute: (ask: Ask<Question>) => Result): Result {
    const results = this.#results.get(input) ?? new Map<string, Known<Question, Result>>();
    this.#results.set(input, results);
    const known = results.get(use);
    if (known !== undefined && isCurrent(known, ask)) return known.result;
    const answers = new Map<Question, unknown>();
    const result = compute((question) => {
      if (!answers.has(question)) answers.set(question, ask(question));
      return answers.get(question);
    });
    results.set(use, { answers, result });
    return result;
  }
}

function isCurrent<Question>({ answers }: Known<Question, unknown>, ask: Ask<Question>): boolean {
  for (const [question, answer] of answers) if (ask(question) !== answer) return false;
  return true;
}
