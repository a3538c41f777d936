import type { AnyAuthMethod, Prompt } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { callOption } from "../../keys/identity/call-option.js";
import type { LoginConfig } from "./login-config.js";
import { LoginRecord } from "./login-record.js";
import { algorithmOf, dependsOnServer, type OfferedKey } from "./offered-key.js";
import { toParsedKey } from "./parsed-key.js";

/** What the server says of a request: which methods can continue (RFC 4252, section 5.1). */
interface AuthProgress {
  /** Null before the first answer. */
  readonly methods: readonly string[] | null;
  /** Whether the server has accepted the last method, and requires another one. */
  readonly partial: boolean;
}

/** Attempts per method, as NumberOfPasswordPrompts of ssh. */
export const MAX_ATTEMPTS = 3;
/** Keyboard-interactive requests per login, those without prompts included. */
export const MAX_ROUNDS = 20;

/**
 * One login to one server (RFC 4252): keys one by one, then keyboard-interactive, then a password; each only where the server
 * accepts it. It starts with a key, since asking for the methods first costs a round trip. It records what was tried, for the
 * error message.
 */
export class Login {
  readonly #config: LoginConfig;
  readonly #keys: OfferedKey[];
  /** What it has tried. */
  readonly record: LoginRecord;
  #serverAlgorithms: readonly string[] | undefined;
  #methods: readonly string[] | undefined;
  #last: { readonly name: string; readonly key?: OfferedKey } | undefined;
  #password: string | undefined;
  #passwordAttempts: number;
  #promptAttempts: number;
  #rounds = 0;
  #changes = 0;
  #exhausted = false;
  #triedNone = false;

  constructor(config: LoginConfig) {
    const { offers, options } = config;
    const { password, prompts } = options;
    this.#config = config;
    this.#keys = [...offers.keys];
    this.record = new LoginRecord(offers.problems);
    this.#passwordAttempts = typeof password === "function" ? MAX_ATTEMPTS : password === undefined ? 0 : 1;
    this.#promptAttempts = prompts !== undefined ? MAX_ATTEMPTS : typeof password === "string" ? 1 : 0;
  }

  /** Whether every method has been tried. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** What was offered so far, the last method included; empty where nothing was. */
  get offered(): string {
    const last = this.#last?.name ?? "";
    return [...this.record.names, ...(last === "" ? [] : [last])].join(", ");
  }

  /** Whether the first key depends on the signature algorithms of the server. */
  get needsAlgorithms(): boolean {
    const [first] = this.#keys;
    return first !== undefined && dependsOnServer(first.type);
  }

  /** See {@link LoginConfig.pauseFor}. */
  pauseFor<T>(answer: Promise<T>): Promise<T> {
    return this.#config.pauseFor(answer);
  }

  /** Sets the server's `server-sig-algs`; later calls are ignored. */
  setServerAlgorithms(names: readonly string[] | undefined): void {
    this.#serverAlgorithms ??= names;
  }

  /** The next method to try; false where none is left. */
  async next({ methods, partial }: AuthProgress): Promise<AnyAuthMethod | false> {
    this.#methods = methods ?? undefined;
    if (methods !== null) this.#recordOutcome(methods, partial);
    const { user } = this.#config.account;
    const key = this.#accepts("publickey") ? this.#nextKey() : undefined;
    if (key !== undefined) return key;
    // Without a key, `none` asks the server for its methods. After rejected keys, it may still admit the client, as it admits
    // ssh, which begins with it: it is tried at once where the server lists it, else (few servers list it) as the last method.
    if (!this.#triedNone && (methods?.includes("none") ?? true)) return this.#tryNone();
    if (this.#accepts("keyboard-interactive") && this.#promptAttempts-- > 0) {
      return this.#try("the keyboard-interactive answers", {
        type: "keyboard-interactive",
        username: user,
        prompt: (...[name, instructions, , prompts, finish]) =>
          void this.#answer(name, instructions, prompts)
            .then((answers) => finish([...answers]))
            // ssh2 throws where the connection has closed meanwhile, which is reported elsewhere.
            .catch(() => {}),
      });
    }
    if (this.#accepts("password") && this.#passwordAttempts-- > 0) {
      this.#password = await this.#askPassword();
      if (this.#password !== undefined) {
        return this.#try("the password", { type: "password", username: user, password: this.#password });
      }
    }
    if (this.#exhausted || methods === null) return false;
    this.#exhausted = true;
    if (!this.#accepts("publickey") && this.record.names.length === 0) {
      this.record.addProblem(
        methods.length === 0
          ? "the server accepts no authentication method"
          : `the server accepts no keys, only ${methods.join(", ")}`,
      );
    }
    return this.#triedNone ? false : this.#tryNone();
  }

  /** Passes on a keyboard-interactive request without prompts (RFC 4256, section 3.2). */
  async show(name: string, instructions: string): Promise<void> {
    if (name !== "" || instructions !== "") await this.#answer(name, instructions, []);
    else this.#countRound();
  }

  /** The passwords for a password change request (RFC 4252, section 8). Rejects without the option newPassword. */
  async changePassword(message: string): Promise<{ readonly old: string; readonly new: string }> {
    const { account, options } = this.#config;
    const { newPassword } = options;
    const old = this.#password;
    if (newPassword === undefined || old === undefined) {
      throw new Error(`the server requires a password change (${printable(message)}): set the option newPassword`);
    }
    if (++this.#changes > MAX_ATTEMPTS) {
      throw new Error(`the server rejected ${MAX_ATTEMPTS} new passwords (${printable(message)})`);
    }
    return { old, new: await this.pauseFor(callOption("newPassword", () => newPassword({ ...account, message }))) };
  }

  #tryNone(): AnyAuthMethod {
    this.#triedNone = true;
    return this.#try("", { type: "none", username: this.#config.account.user });
  }

  #accepts(method: string): boolean {
    return this.#methods?.includes(method) ?? method === "publickey";
  }

  #try<M extends AnyAuthMethod>(name: string, method: M, key?: OfferedKey): M {
    this.#last = key === undefined ? { name } : { name, key };
    this.#config.debug?.(`Login: trying ${method.type}${key === undefined ? "" : ` with ${key.label}`}`);
    return method;
  }

  /** Records the server's answer to the last method. */
  #recordOutcome(methods: readonly string[], partial: boolean): void {
    const last = this.#last;
    this.#last = undefined;
    if (last === undefined || last.name === "") return;
    // A server that accepts no key now may require one after the password.
    if (!partial && last.key !== undefined && !methods.includes("publickey")) this.#keys.unshift(last.key);
    else if (!partial) this.record.reject(last.name);
    else this.record.addProblem(`the server accepted ${last.name}, and also requires ${methods.join(" or ")}`);
  }

  #nextKey(): AnyAuthMethod | undefined {
    for (let key = this.#keys.shift(); key !== undefined; key = this.#keys.shift()) {
      const algorithm = algorithmOf(key.type, this.#serverAlgorithms);
      if (algorithm !== undefined) {
        const { user } = this.#config.account;
        // With one key there is nothing to choose, and the question costs a round trip.
        const first = key.isOpen && this.#config.offers.keys.length === 1 ? "signed" : "unsigned";
        return this.#try(
          key.label,
          { type: "publickey", username: user, key: toParsedKey(key, algorithm, first) },
          key,
        );
      }
      this.record.addProblem(`the server accepts only SHA-1 signatures of ${key.label}, which this client never makes`);
    }
    return undefined;
  }

  async #askPassword(): Promise<string | undefined> {
    const { account, options } = this.#config;
    const { password } = options;
    const answer = typeof password === "function" ? this.#ask("password", () => password(account)) : password;
    const found = await answer;
    if (typeof found === "string") return found;
    if (found !== undefined)
      this.record.addProblem("the option password failed: it returned neither a string nor undefined");
    this.#passwordAttempts = 0;
    return undefined;
  }

  /** One answer per prompt; an empty list where there are none, which a server takes for wrong answers. */
  async #answer(name: string, instructions: string, prompts: readonly Prompt[]): Promise<readonly string[]> {
    const { account, options } = this.#config;
    const { prompts: ask, password } = options;
    this.#countRound();
    const shown = prompts.map(({ prompt, echo }) => ({ text: prompt, echo: echo === true }));
    if (ask === undefined) {
      const [only, ...more] = shown;
      if (only === undefined) return [];
      if (typeof password === "string" && !only.echo && more.length === 0) return [password];
      return this.#giveUp("the server prompts for more than a password: set the option prompts");
    }
    const answers = await this.#ask("prompts", () => ask({ ...account, name, instructions, prompts: shown }));
    if (answers === undefined) return this.#giveUp();
    if (!Array.isArray(answers) || !answers.every((answer) => typeof answer === "string")) {
      return this.#giveUp("the option prompts failed: it did not return an array of strings");
    }
    if (answers.length === prompts.length) return answers;
    return this.#giveUp(`the option prompts returned ${answers.length} answers to ${prompts.length} prompts`);
  }

  /** Limits the requests of a server that never decides. @throws Error after the last allowed round */
  #countRound(): void {
    if (++this.#rounds <= MAX_ROUNDS) return;
    const reason = `sent more than ${MAX_ROUNDS} keyboard-interactive requests; the client disconnected`;
    this.#config.onGiveUp(reason);
    throw new Error(reason);
  }

  #giveUp(reason?: string): readonly string[] {
    this.#promptAttempts = 0;
    if (reason !== undefined) this.record.addProblem(reason);
    return [];
  }

  /** The result of a function of the options; undefined where it fails. */
  async #ask<T>(option: string, call: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await this.pauseFor(callOption(option, call));
    } catch (error) {
      this.record.addProblem(errorMessage(error));
      return undefined;
    }
  }
}
