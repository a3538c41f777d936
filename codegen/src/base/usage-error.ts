/**
 * The command line, or a config file, is wrong. `sshrpc` prints the message in one line, and ends with the status that
 * the error carries.
 */
export class UsageError extends Error {
  readonly exitCode = 2;
}
