/** Options of the `ssh` program. The other options of a connection are passed to it if ssh_config(5) has an equivalent. */
export interface OpensshOptions {
  /** Name or path of the program. Default: `ssh`. */
  readonly program?: string;
  /** Additional arguments, such as `["-o", "Compression=yes"]`. They come first and take precedence. Default: none. */
  readonly args?: readonly string[];
  /**
   * A command to run at the server instead of the subsystem `sshrpc`, for hosts whose sshd_config cannot be changed, such as
   * `sshrpc serve --stdio --handlers api.js`.
   */
  readonly command?: string;
  /**
   * Whether ssh may prompt for passphrases, passwords and unknown host keys on the terminal of this process. This raises the
   * default of `connectTimeout` to 2 minutes. Default: false, and a connection that needs a prompt fails.
   */
  readonly interactive?: boolean;
}
