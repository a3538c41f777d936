import { callOption } from "./call-option.js";

/**
 * Decrypts private keys: the passphrase, or a function that returns it, called with the file name when a server asks for that
 * key, and again after a wrong answer, three times at most. Undefined skips the key.
 */
export type Passphrase = string | ((file: string) => string | undefined | Promise<string | undefined>);

/** Calls of the function for one key; it ends early where the function repeats a wrong answer. */
export const MAX_PASSPHRASES = 3;

/** The passphrases of each function. */
const shared = new WeakMap<Exclude<Passphrase, string>, Passphrases>();

/** A passphrase, or a function with its answers, which are kept for later connections. */
export class Passphrases {
  readonly #from: Passphrase | undefined;
  readonly #answers = new Map<string, Promise<string | undefined>>();

  constructor(from: Passphrase | undefined) {
    this.#from = from === "" ? undefined : from;
  }

  /** Shared by all callers with the same function, so that a client of several hosts asks once per key. */
  static of(from: Passphrase | undefined): Passphrases {
    if (typeof from !== "function") return new Passphrases(from);
    const known = shared.get(from) ?? new Passphrases(from);
    shared.set(from, known);
    return known;
  }

  /** Whether there is a passphrase or a function. */
  get given(): boolean {
    return this.#from !== undefined;
  }

  /**
   * Tries to decrypt a file.
   * @param attempt returns the result, or undefined where the passphrase is wrong
   * @returns undefined where no passphrase is right, or none was given
   */
  async open<T>(file: string, attempt: (passphrase: string) => T | undefined): Promise<T | undefined> {
    const from = this.#from;
    if (typeof from !== "function") return from === undefined ? undefined : attempt(from);
    let last: string | undefined;
    for (let round = 0; round < MAX_PASSPHRASES; round++) {
      const answer = this.#answers.get(file) ?? callOption("passphrase", () => from(file));
      this.#answers.set(file, answer);
      const passphrase = await answer.catch((error: Error) => this.#forget(file, answer, error));
      if (passphrase === undefined || passphrase === "") break;
      if (typeof passphrase !== "string") {
        this.#forget(file, answer);
        throw new Error("the option passphrase failed: it returned neither a string nor undefined");
      }
      const opened = attempt(passphrase);
      if (opened !== undefined) return opened;
      this.#forget(file, answer);
      // A function that repeats its answer is not called again.
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
