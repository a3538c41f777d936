import type { AnyAuthMethod, Prompt } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import type { Offers } from "./gather-offers.js";
import type { Account, LoginOptions } from "./login-options.js";
import { algorithmOf, type OfferedKey } from "./offered-key.js";
import { presentKey } from "./present-key.js";

/** Who logs in, and with what. */
export interface LoginConfig {
  readonly account: Account;
  readonly options: Pick<LoginOptions, "password" | "newPassword" | "prompts">;
  readonly offers: Offers;
  /** Waits for what may take a person's time. */
  readonly patiently: <T>(answer: Promise<T>) => Promise<T>;
  /** Is told what is tried. */
  readonly debug?: ((line: string) => void) | undefined;
}

/** As ssh's NumberOfPasswordPrompts. */
const TRIES = 3;
/** Rounds of questions in one login, those that ask nothing among them. */
const ROUNDS = 20;
/** What is remarked in a message: a server can cause as many remarks as it likes. */
const MAX_NOTES = 20;

/**
 * One login to one server (RFC 4252): keys first, one by one, then its questions, then a password; each only where the server
 * takes it. It begins with a key at once: asking for the methods first costs a round trip. It keeps the account of what was
 * tried, for the message that follows when nothing is accepted.
 */
export class Login {
  /** Ends the connection: nothing that the server asks is answered any more. */
  onGiveUp: (reason: string) => void = () => {};
  /** The signature algorithms that the server takes, where it has said so. */
  serverAlgorithms: readonly string[] | undefined;
  readonly #config: LoginConfig;
  readonly #keys: OfferedKey[];
  readonly #notes: string[];
  readonly #refused = new Set<string>();
  #methods: readonly string[] | undefined;
  #last: { readonly name: string; readonly key?: OfferedKey } | undefined;
  #password: string | undefined;
  #passwordTries: number;
  #promptTries: number;
  #rounds = 0;
  #changes = 0;
  #exhausted = false;

  constructor(config: LoginConfig) {
    const { offers, options } = config;
    const { password, prompts } = options;
    this.#config = config;
    this.#keys = [...offers.keys];
    this.#notes = [...offers.problems];
    this.#passwordTries = typeof password === "function" ? TRIES : password === undefined ? 0 : 1;
    this.#promptTries = prompts !== undefined ? TRIES : typeof password === "string" ? 1 : 0;
  }

  /** Whether nothing is left to try. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** What the server said to all that, such as `accepts none of these keys: SHA256:… (file)`; empty where nothing was tried. */
  get refused(): string {
    const keys = [...this.#refused].filter((name) => name.startsWith("SHA256:"));
    const others = [...this.#refused].filter((name) => !name.startsWith("SHA256:"));
    return [
      ...(others.length > 0 ? [`refuses ${others.join(" and ")}`] : []),
      ...(keys.length > 0 ? [`accepts none of these keys: ${keys.join(", ")}`] : []),
    ].join(", and ");
  }

  /** What was offered so far, also what has no answer yet; empty where nothing was. */
  get offered(): string {
    const last = this.#last?.name ?? "";
    return [...this.#refused, ...(last === "" ? [] : [last])].join(", ");
  }

  /** What else there is to know, in brackets; empty where there is nothing. */
  get remarks(): string {
    return this.#notes.length === 0 ? "" : ` (${this.#notes.join("; ")})`;
  }

  /** Waits for what may take a person's time. */
  patiently<T>(answer: Promise<T>): Promise<T> {
    return this.#config.patiently(answer);
  }

  /** Keeps what went wrong with one way, where the next can still be tried. */
  note(problem: string): void {
    const text = printable(problem, 400);
    if (this.#notes.length < MAX_NOTES && !this.#notes.includes(text)) this.#notes.push(text);
  }

  /**
   * What to do next.
   * @param methods those that the server still accepts; null before it has said so
   * @param partial whether it accepted the last one, and wants another besides (RFC 4252, section 5.1)
   * @returns false for giving up
   */
  async next(methods: readonly string[] | null, partial: boolean): Promise<AnyAuthMethod | false> {
    this.#methods = methods ?? undefined;
    if (methods !== null) this.#judge(methods, partial);
    const { user } = this.#config.account;
    const key = this.#accepts("publickey") ? this.#nextKey() : undefined;
    if (key !== undefined) return key;
    // There is no key to begin with: the answer to this says what the server wants instead.
    if (methods === null) return this.#try("", { type: "none", username: user });
    if (this.#accepts("keyboard-interactive") && this.#promptTries-- > 0) {
      return this.#try("the answers to its questions", {
        type: "keyboard-interactive",
        username: user,
        prompt: (name, instructions, _language, prompts, finish) =>
          void this.#answer(name, instructions, prompts)
            .then((answers) => finish([...answers]))
            // ssh2 throws where the connection has ended meanwhile; that is told elsewhere.
            .catch(() => {}),
      });
    }
    if (this.#accepts("password") && this.#passwordTries-- > 0) {
      this.#password = await this.#askPassword();
      if (this.#password !== undefined) {
        return this.#try("the password", { type: "password", username: user, password: this.#password });
      }
    }
    this.#exhausted = true;
    if (!this.#accepts("publickey") && this.#refused.size === 0) {
      this.note(
        methods.length === 0
          ? "the server accepts no way to log in"
          : `the server accepts no keys, only ${methods.join(", ")}`,
      );
    }
    return false;
  }

  /** Passes on a message that asks nothing (RFC 4256, section 3.2). */
  async show(name: string, instructions: string): Promise<void> {
    if (name !== "" || instructions !== "") await this.#answer(name, instructions, []);
    else this.#countRound();
  }

  /**
   * The passwords for a request to change the password (RFC 4252, section 8). Rejects with an Error where nobody can be asked.
   */
  async changePassword(message: string): Promise<{ readonly old: string; readonly new: string }> {
    const { account, options } = this.#config;
    const { newPassword } = options;
    const old = this.#password;
    if (newPassword === undefined || old === undefined) {
      throw new Error(`it wants the password changed (${printable(message)}): give the option newPassword`);
    }
    if (++this.#changes > TRIES) throw new Error(`it refused ${TRIES} new passwords (${printable(message)})`);
    return { old, new: await this.patiently(Promise.resolve(newPassword({ ...account, message }))) };
  }

  #accepts(method: string): boolean {
    return this.#methods?.includes(method) ?? method === "publickey";
  }

  #try<M extends AnyAuthMethod>(name: string, method: M, key?: OfferedKey): M {
    this.#last = key === undefined ? { name } : { name, key };
    this.#config.debug?.(`Login: trying ${method.type}${key === undefined ? "" : ` with ${key.label}`}`);
    return method;
  }

  /** Takes account of what the server said to the last thing that was tried. */
  #judge(methods: readonly string[], partial: boolean): void {
    const last = this.#last;
    this.#last = undefined;
    if (last === undefined || last.name === "") return;
    // A server that takes no key now may want one after the password.
    if (!partial && last.key !== undefined && !methods.includes("publickey")) this.#keys.unshift(last.key);
    else if (!partial) this.#refused.add(last.name);
    else this.note(`it accepted ${last.name}, and wants more: ${methods.join(", ")}`);
  }

  #nextKey(): AnyAuthMethod | undefined {
    for (let key = this.#keys.shift(); key !== undefined; key = this.#keys.shift()) {
      const algorithm = algorithmOf(key.type, this.serverAlgorithms);
      if (algorithm !== undefined) {
        const { user } = this.#config.account;
        return this.#try(key.label, { type: "publickey", username: user, key: presentKey(key, algorithm) }, key);
      }
      this.note(`the server takes no good signature of ${key.label}: RSA with SHA-1 is never used`);
    }
    return undefined;
  }

  async #askPassword(): Promise<string | undefined> {
    const { account, options } = this.#config;
    const { password } = options;
    const answer = typeof password === "function" ? this.#ask("password", () => password(account)) : password;
    const found = await answer;
    if (found === undefined) this.#passwordTries = 0;
    return found;
  }

  /** One answer a prompt; none where there are none to give, which a server takes for a wrong one. */
  async #answer(name: string, instructions: string, prompts: readonly Prompt[]): Promise<readonly string[]> {
    const { account, options } = this.#config;
    const { prompts: ask, password } = options;
    this.#countRound();
    const questions = prompts.map(({ prompt, echo }) => ({ text: prompt, echo: echo === true }));
    if (ask === undefined) {
      const [only, ...more] = questions;
      if (only === undefined) return [];
      if (typeof password === "string" && !only.echo && more.length === 0) return [password];
      return this.#giveUp("it asks more than a password: give the option prompts");
    }
    const answers = await this.#ask("prompts", () => ask({ ...account, name, instructions, prompts: questions }));
    if (answers === undefined) return this.#giveUp();
    if (answers.length === prompts.length) return answers;
    return this.#giveUp(`the option prompts gave ${answers.length} answers to ${prompts.length} questions`);
  }

  /** Answers cost a server nothing, so that one could ask for ever. @throws Error, where the client gives up */
  #countRound(): void {
    if (++this.#rounds <= ROUNDS) return;
    const reason = `asked more than ${ROUNDS} times (keyboard-interactive); the client disconnected`;
    this.onGiveUp(reason);
    throw new Error(reason);
  }

  #giveUp(reason?: string): readonly string[] {
    this.#promptTries = 0;
    if (reason !== undefined) this.note(reason);
    return [];
  }

  /** What the user's function says; undefined where it fails. */
  async #ask<T>(option: string, question: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await this.patiently(Promise.resolve(question()));
    } catch (error) {
      this.note(`the option ${option} failed: ${errorMessage(error)}`);
      return undefined;
    }
  }
}
