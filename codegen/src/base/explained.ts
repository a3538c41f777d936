/** What `sshrpc explain` prints of a rule. */
export interface Explained {
  /** In kebab case, such as `unbounded-string`. */
  readonly id: string;
  /** The rule in one line. */
  readonly title: string;
  /** The reason, what to write instead, and an example of both, as plain text. */
  readonly explanation: string;
}
