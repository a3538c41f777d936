import { printable } from "../../../base/printable.js";

/** Problems that a message lists: a server can cause any number of them. */
const MAX_PROBLEMS = 20;

/** What a login has tried, for the message of its failure. */
export class LoginRecord {
  readonly #problems: string[];
  readonly #rejected = new Set<string>();

  /** @param problems those found before the login */
  constructor(problems: readonly string[]) {
    this.#problems = [...problems];
  }

  /** The names of what the server has rejected. */
  get names(): readonly string[] {
    return [...this.#rejected];
  }

  /** Such as `accepts none of these keys: SHA256:… (file)`; empty where nothing was rejected. */
  get rejected(): string {
    const keys = this.names.filter((name) => name.startsWith("SHA256:"));
    const others = this.names.filter((name) => !name.startsWith("SHA256:"));
    return [
      ...(others.length > 0 ? [`rejects ${others.join(" and ")}`] : []),
      ...(keys.length > 0 ? [`accepts none of these keys: ${keys.join(", ")}`] : []),
    ].join(", and ");
  }

  /** The problems of methods that could not be tried, in parentheses; empty where there are none. */
  get problems(): string {
    return this.#problems.length === 0 ? "" : ` (${this.#problems.join("; ")})`;
  }

  reject(name: string): void {
    this.#rejected.add(name);
  }

  /** Adds a problem of one method; the next methods are still tried. */
  addProblem(problem: string): void {
    const text = printable(problem, 400);
    if (this.#problems.length < MAX_PROBLEMS && !this.#problems.includes(text)) this.#problems.push(text);
  }
}
