import type { Duplex } from "node:stream";
import { type OptionTable, oneOf } from "./check-options.js";

/** Bytes of the end of standard error that are kept. */
export const STDERR_TAIL = 8192;

/** The end of a remote command (RFC 4254, section 6.10). */
export interface CommandExit {
  /** Its exit status; undefined if a signal terminated it, or if the server does not report it. */
  readonly exitCode: number | undefined;
  /** The signal that terminated it, without SIG, such as `TERM`. */
  readonly signal: string | undefined;
}

/**
 * A running remote command: a duplex of its standard output (readable) and standard input (writable). `end()` closes only the
 * standard input. Input that the command has not read when it ends is dropped. The owner reads the output to its end or destroys the command.
 */
export interface RemoteCommand extends Duplex {
  /**
   * Resolves when the command has ended and its channel is closed; output that fits into the buffer (256 KiB) need not be read for
   * that. Rejects with UNAVAILABLE if the connection is lost.
   */
  readonly exit: Promise<CommandExit>;
  /** The last 8 KiB of its standard error so far. */
  readonly stderrTail: string;
  /** Sends a signal, such as `INT`. Many servers ignore signals. */
  kill(signal: string): void;
}

/** Options of {@link SshClient.exec}. */
export interface ExecOptions {
  /** Destroys the command when it aborts: the call rejects with CANCELLED. */
  readonly signal?: AbortSignal;
  /**
   * Receives the standard error of the command as it arrives. An exception or rejection destroys the command with that error.
   * Default: only the end is kept, as `stderrTail`.
   */
  readonly onStderr?: (chunk: Buffer) => void;
  /** Environment variables of the command. A stock server accepts few names: see AcceptEnv in sshd_config(5). */
  readonly env?: Readonly<Record<string, string>>;
}

/** The known options of {@link SshClient.exec}. */
export const EXEC_OPTIONS = {
  signal: true,
  onStderr: oneOf("function"),
  env: oneOf("object"),
} satisfies OptionTable<ExecOptions>;

/** The result of {@link SshClient.run}. */
export interface CommandResult extends CommandExit {
  /** Its standard output, as UTF-8. */
  readonly stdout: string;
  /** The last 8 KiB of its standard error, as UTF-8. */
  readonly stderrTail: string;
}

/** Options of {@link SshClient.run}. */
export interface RunOptions extends ExecOptions {
  /** Standard input of the command. Default: empty. */
  readonly input?: string | Uint8Array;
  /** Maximum size of the standard output in bytes; a larger one fails with MESSAGE_TOO_LARGE. Default: 16 MiB. */
  readonly maxBuffer?: number;
}

/** The known options of {@link SshClient.run}. */
export const RUN_OPTIONS = { ...EXEC_OPTIONS, input: true, maxBuffer: true } satisfies OptionTable<RunOptions>;

/** Options of {@link SshClient.connectTcp}. */
export interface ConnectTcpOptions {
  /** Destroys the connection when it aborts: the call rejects with CANCELLED. */
  readonly signal?: AbortSignal;
}

/** The known options of {@link SshClient.connectTcp}. */
export const CONNECT_TCP_OPTIONS = { signal: true } satisfies OptionTable<ConnectTcpOptions>;

/** Options of {@link SshClient.copyFrom} and {@link SshClient.copyTo}. */
export interface CopyOptions {
  /** Stops the copy when it aborts: the call rejects with CANCELLED, and no partial file is left. */
  readonly signal?: AbortSignal;
  /** Receives the number of bytes copied so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** The known options of {@link SshClient.copyFrom} and {@link SshClient.copyTo}. */
export const COPY_OPTIONS = { signal: true, onProgress: true } satisfies OptionTable<CopyOptions>;

/** The result of a copy. */
export interface CopyResult {
  readonly bytes: number;
  /** The SHA-256 of the content in hexadecimal digits, as computed by both sides. */
  readonly sha256: string;
}

/**
 * Plain SSH to any server: commands, forwarded connections and files. It connects at the first use, and reconnects at the next
 * use after a loss; concurrent uses share one connection. Failures reject with an RpcError, as calls do; an unknown option is
 * BAD_REQUEST.
 */
export interface SshClient extends AsyncDisposable {
  /** Address of the server, such as `ssh://alice@edge:22`. */
  readonly address: string;
  /**
   * Starts a command; resolves when the server has accepted it. Over the server's limit of sessions (MaxSessions, 10 by default), it
   * first waits for another command of this client to end.
   * @throws RpcError UNAVAILABLE, UNAUTHENTICATED, CANCELLED
   */
  exec(command: string, options?: ExecOptions): Promise<RemoteCommand>;
  /**
   * Runs a command to its end. An exit status other than 0 is not an error.
   * @throws RpcError as {@link SshClient.exec}, and MESSAGE_TOO_LARGE
   */
  run(command: string, options?: RunOptions): Promise<CommandResult>;
  /**
   * Opens a TCP connection from the server to a host and port (`direct-tcpip`, RFC 4254, section 7.2). The caller destroys
   * the duplex.
   */
  connectTcp(host: string, port: number, options?: ConnectTcpOptions): Promise<Duplex>;
  /**
   * Downloads a file with the remote commands `cat` and `sha256sum`, and verifies its SHA-256. The local file is renamed
   * into place after the verification. In a folder, as with scp, the file keeps its name.
   * @throws RpcError NOT_FOUND or FORBIDDEN if a file cannot be opened, BAD_REQUEST if it is not a regular file, CONFLICT if
   * it changed during the copy, and as {@link SshClient.exec}
   */
  copyFrom(remote: string, local: string, options?: CopyOptions): Promise<CopyResult>;
  /** Uploads a file; otherwise as {@link SshClient.copyFrom}. */
  copyTo(local: string, remote: string, options?: CopyOptions): Promise<CopyResult>;
  /** Closes the connection, and ends everything that runs on it. */
  close(): Promise<void>;
}
