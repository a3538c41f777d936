import type { Duplex } from "node:stream";

/** How a remote command ended (RFC 4254, section 6.10). */
export interface CommandExit {
  /** Its exit status; undefined where a signal ended it, or where the server does not say. */
  readonly exitCode: number | undefined;
  /** The signal that ended it, without SIG, such as `TERM`. */
  readonly signal: string | undefined;
}

/**
 * A command that runs on another machine: its standard output is read here, its standard input written. Ending it (`end()`)
 * closes the command's input alone; output goes on. Whoever gets it destroys it, or reads it to its end.
 */
export interface RemoteCommand extends Duplex {
  /** Resolves when the command has ended and both sides have closed. Rejects with UNAVAILABLE where the connection is lost. */
  readonly exit: Promise<CommandExit>;
  /** The last 8 KiB of its standard error so far, for messages. */
  readonly stderrTail: string;
  /** Sends it a signal, such as `INT`. Many servers ignore signals. */
  kill(signal: string): void;
}

/** How a command is run. */
export interface ExecOptions {
  /** Destroys the command, and gives up the attempt, when it aborts: the call rejects with CANCELLED. */
  readonly signal?: AbortSignal;
  /** Is given its standard error as it comes. Default: only the end of it is kept, as `stderrTail`. */
  readonly onStderr?: (chunk: Buffer) => void;
  /** Variables of its environment. A stock server takes few names: see AcceptEnv in sshd_config(5). */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a command gave that ran to its end. */
export interface CommandResult extends CommandExit {
  /** Its standard output, as UTF-8. */
  readonly stdout: string;
  readonly stderrTail: string;
}

/** How {@link SshClient.run} collects what a command says. */
export interface RunOptions extends ExecOptions {
  /** Written to its standard input. Default: nothing; the input ends at once. */
  readonly input?: string | Uint8Array;
  /** Bytes of its output; more ends it with MESSAGE_TOO_LARGE. Default: 16 MiB. */
  readonly maxBuffer?: number;
}

/** How a file is copied. */
export interface CopyOptions {
  /** Stops the copy when it aborts: the call rejects with CANCELLED, and nothing of the file is left. */
  readonly signal?: AbortSignal;
  /** Told how many bytes have gone by so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** A file that arrived whole. */
export interface Copied {
  readonly bytes: number;
  /** Of its content, in hexadecimal digits, as both sides computed it. */
  readonly sha256: string;
}

/**
 * Plain SSH to a host, whatever serves there: commands, connections through it, and files. It connects at the first use, and
 * again where the connection was lost; several things at once share it. What fails rejects with an RpcError, as calls do.
 */
export interface SshClient extends AsyncDisposable {
  /** Where it leads, such as `ssh://alice@edge:22`. */
  readonly address: string;
  /**
   * Runs a command, and resolves when the server has accepted it.
   * @throws RpcError UNAVAILABLE, UNAUTHENTICATED, CANCELLED
   */
  exec(command: string, options?: ExecOptions): Promise<RemoteCommand>;
  /**
   * Runs a command to its end, and gives what it said. A status other than 0 is no error.
   * @throws RpcError as {@link SshClient.exec}, and MESSAGE_TOO_LARGE
   */
  run(command: string, options?: RunOptions): Promise<CommandResult>;
  /**
   * Connects to a host and port as the server sees them (`direct-tcpip`, RFC 4254, section 7.2): a transport for any other
   * protocol. Whoever gets it destroys it.
   */
  connectTcp(host: string, port: number, options?: { readonly signal?: AbortSignal }): Promise<Duplex>;
  /**
   * Copies a remote file here, with `cat`, and compares what arrived with what `sha256sum` says there. The local name appears
   * once all is well.
   * @throws RpcError NOT_FOUND or FORBIDDEN where either file cannot be opened, BAD_REQUEST where it is no plain file, CONFLICT
   * where it changed meanwhile, and as {@link SshClient.exec}
   */
  copyFrom(remote: string, local: string, options?: CopyOptions): Promise<Copied>;
  /** Copies a local file there; otherwise as {@link SshClient.copyFrom}. */
  copyTo(local: string, remote: string, options?: CopyOptions): Promise<Copied>;
  /** Ends the connection, and all that runs on it. */
  close(): Promise<void>;
}
