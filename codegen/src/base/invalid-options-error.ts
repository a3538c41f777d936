/** The command line or a config file is invalid. `sshrpc` prints the message in one line and exits with `exitCode`. */
export class InvalidOptionsError extends Error {
  readonly exitCode = 2;
}
