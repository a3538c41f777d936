/** How the `ssh` program is run. What the options of a dial say is passed on to it, as far as it has a word for it. */
export interface OpensshOptions {
  /** The program to run, by name or path. Default: `ssh`. */
  readonly program?: string;
  /** More arguments for it, such as `["-o", "Compression=yes"]`. They come first, so that they win. Default: none. */
  readonly args?: readonly string[];
  /**
   * The command that is run at the server, in place of the subsystem `sshrpc`: for hosts whose sshd_config one cannot
   * change, such as `sshrpc serve --stdio --handlers api.js`.
   */
  readonly command?: string;
  /**
   * Lets ssh ask the user for passphrases, passwords and unknown host keys, on the terminal of this process. Then
   * `connectTimeout` is 2 minutes where it is not given. Default: false, and what would ask fails.
   */
  readonly interactive?: boolean;
}
