/** Who answers a question. */
interface Asked {
  readonly number: number;
}

/** What became of a question. */
interface Outcome<Worker> {
  readonly answers: readonly unknown[];
  /** Those that have not answered in time. */
  readonly silent: readonly Worker[];
}

interface Question {
  readonly left: Set<number>;
  readonly answers: unknown[];
  done(): void;
}

/** The questions of the primary process to the others, and the answers that it waits for. */
export class Questions {
  readonly #open = new Map<number, Question>();
  #last = 0;

  /**
   * @param send sends the question with its id to one of them
   * @param timeout ms for the answers
   */
  ask<Worker extends Asked>(
    asked: readonly Worker[],
    send: (worker: Worker, id: number) => void,
    timeout: number,
  ): Promise<Outcome<Worker>> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve) => {
      const left = new Set(asked.map(({ number }) => number));
      const answers: unknown[] = [];
      const done = (): void => {
        clearTimeout(timer);
        this.#open.delete(id);
        resolve({ answers, silent: asked.filter(({ number }) => left.has(number)) });
      };
      const timer = setTimeout(done, timeout);
      this.#open.set(id, { left, answers, done });
      if (asked.length === 0) done();
      for (const worker of asked) send(worker, id);
    });
  }

  /** A process has answered; with `failed`, it has nothing to say. */
  answer(id: number, { number }: Asked, { value, failed }: { readonly value?: unknown; readonly failed?: true }): void {
    const question = this.#open.get(id);
    if (failed !== true) question?.answers.push(value);
    settle(question, number);
  }

  /** A process has ended: nothing more comes from it. */
  ended({ number }: Asked): void {
    for (const question of this.#open.values()) settle(question, number);
  }
}

function settle(question: Question | undefined, number: number): void {
  if (question?.left.delete(number) && question.left.size === 0) question.done();
}
