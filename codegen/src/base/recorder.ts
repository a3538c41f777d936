import type { Ask, Memo } from "./memo.js";

/** The input of a result, and what tells its results apart. */
interface Input {
  readonly value: object;
  readonly use: string;
}

/** Asks for steps whose results are kept in a {@link Memo}, also for steps inside each other: each question belongs to the innermost. */
export class Recorder<Question> {
  readonly #answer: Ask<Question>;
  #ask: Ask<Question>;

  constructor(answer: Ask<Question>) {
    this.#answer = answer;
    this.#ask = answer;
  }

  ask(question: Question): unknown {
    return this.#ask(question);
  }

  /**
   * The result of a step, from the memo if it is there.
   * @param own answers what is special to this step; undefined for other questions
   */
  step<Result>(
    memo: Memo<Result, Question>,
    { value, use }: Input,
    own: (question: Question) => unknown,
    compute: () => Result,
  ): Result {
    const outer = this.#ask;
    return memo.get(
      value,
      use,
      (question) => own(question) ?? this.#answer(question),
      (ask) => {
        this.#ask = ask;
        const result = compute();
        this.#ask = outer;
        return result;
      },
    );
  }
}
