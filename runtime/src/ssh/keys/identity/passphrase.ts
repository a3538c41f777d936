/**
 * Opens encrypted private keys: the passphrase, or a function that is asked for it with the file's name when a server
 * wants that key. A wrong answer is asked for again, three times at most; undefined leaves the key out.
 */
export type Passphrase = string | ((file: string) => string | undefined | Promise<string | undefined>);

const TRIES = 3;

/** Functions that are asked already. */
const shared = new WeakMap<Exclude<Passphrase, string>, Passphrases>();

/** The passphrases that were given, and the answers, so that a client that connects again need not ask again. */
export class Passphrases {
  readonly #from: Passphrase | undefined;
  readonly #answers = new Map<string, Promise<string | undefined>>();

  constructor(from: Passphrase | undefined) {
    this.#from = from === "" ? undefined : from;
  }

  /** Those of all who ask the same function: a client of several hosts asks once for a key that it uses for all. */
  static of(from: Passphrase | undefined): Passphrases {
    if (typeof from !== "function") return new Passphrases(from);
    const known = shared.get(from) ?? new Passphrases(from);
    shared.set(from, known);
    return known;
  }

  /** Whether there is one, or somebody to ask. */
  get given(): boolean {
    return this.#from !== undefined;
  }

  /**
   * Tries to open a file.
   * @param attempt gives what it opened, or undefined where the passphrase is wrong
   * @returns undefined where no passphrase opens it, or none was given
   */
  async open<T>(file: string, attempt: (passphrase: string) => T | undefined): Promise<T | undefined> {
    const from = this.#from;
    if (typeof from !== "function") return from === undefined ? undefined : attempt(from);
    let last: string | undefined;
    for (let round = 0; round < TRIES; round++) {
      const answer = this.#answers.get(file) ?? Promise.resolve(from(file));
      this.#answers.set(file, answer);
      const passphrase = await answer.catch((error: Error) => this.#forget(file, answer, error));
      if (passphrase === undefined || passphrase === "") break;
      const opened = attempt(passphrase);
      if (opened !== undefined) return opened;
      this.#forget(file, answer);
      // A function that knows one answer only need not be asked for it again.
      if (passphrase === last) break;
      last = passphrase;
    }
    return undefined;
  }

  #forget(file: string, answer: Promise<string | undefined>, error?: Error): undefined {
    if (this.#answers.get(file) === answer) this.#answers.delete(file);
    if (error !== undefined) throw error;
  }
}
