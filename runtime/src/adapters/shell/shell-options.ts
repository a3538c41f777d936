/** Options of the shell adapter. */
export interface ShellOptions {
  /** A command that runs in place of a shell, such as `GET /weblog`. Default: none. */
  readonly run?: string;
}
