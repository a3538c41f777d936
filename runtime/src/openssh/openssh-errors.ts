import { hideKeys, printable } from "../base/printable.js";
import { RpcError } from "../contract/rpc-error.js";
import type { ErrorStatus } from "../contract/status.js";
import { describeEarlyExit, SFTP_SERVER } from "../ssh/client/early-exit.js";

/** How a run of `ssh` ended. */
export interface SshOutcome {
  /** The error, if ssh could not be started. */
  readonly error?: NodeJS.ErrnoException;
  /** Its exit status: 255 for its own failures, else the status of the remote command. */
  readonly code?: number | null;
  readonly signal?: NodeJS.Signals | null;
  /** The end of its standard error. */
  readonly stderrTail: string;
}

/** The exit status of ssh for failures of its own, and for a remote command that a signal terminated. */
export const FAILED = 255;

/** The maximum number of characters of standard error that a message quotes. */
const MAX_QUOTED = 400;

/** The failure of ssh about which it prints nothing with LogLevel ERROR, which the transport sets. */
const NO_COMMON =
  "Or ssh and the server have no common algorithm: compare the option algorithms with the output of `ssh -v`";

/** Messages of ssh and what they mean, most specific first; `%` is replaced with the address. */
const REASONS: readonly (readonly [RegExp, ErrorStatus, string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|[Hh]ost key for .* has changed/,
    "UNAUTHENTICATED",
    "the host key of % has changed: someone may be intercepting the connection, or the server was reinstalled",
  ],
  [
    /Host key verification failed|host key is known for/,
    "UNAUTHENTICATED",
    "unknown host key of %: connect once with ssh to verify and accept it, or add it to known_hosts",
  ],
  [
    /Permission denied \(|Too many authentication failures|No more authentication methods/,
    "UNAUTHENTICATED",
    "% accepts none of the keys that ssh offered",
  ],
  [
    /Bad configuration option|unknown option|illegal option|usage: ssh|Bad owner or permissions|Can't open user config file|terminating, \d+ bad/,
    "BAD_REQUEST",
    "ssh rejects its options or its configuration",
  ],
  [/Could not resolve hostname/, "UNAVAILABLE", "ssh cannot resolve the host name of %"],
  [
    /subsystem request failed/,
    "UNAVAILABLE",
    "% has no sshrpc subsystem: add a Subsystem line to its sshd_config, or set openssh: { command }",
  ],
  [/Connection refused/, "UNAVAILABLE", "connection refused by %"],
  [/timed out/, "UNAVAILABLE", "% did not respond in time"],
];

/** The error of a connection that ended before the server's first byte. */
export function connectError(address: string, program: string, outcome: SshOutcome): RpcError {
  const { error, code, stderrTail } = outcome;
  if (error !== undefined) return startError(program, error);
  const found = code === FAILED ? REASONS.find(([pattern]) => pattern.test(stderrTail)) : undefined;
  if (found === undefined) {
    return new RpcError("UNAVAILABLE", `no connection to ${address}: ${describeStart(outcome)}`);
  }
  const [, status, reason] = found;
  return new RpcError(status, `${reason.replace("%", address)}${quoted(stderrTail)}`);
}

/** The error of an established connection that was lost. */
export function lossError(address: string, outcome: SshOutcome): RpcError {
  return new RpcError("UNAVAILABLE", `the connection to ${address} was lost: ${describeOutcome(outcome)}`);
}

/** The error of a server that sent nothing in time. ssh has ended by itself at the end of its input where it was connected. */
export function timeoutError(address: string, timeout: number, { code, stderrTail }: SshOutcome): RpcError {
  const isConnected = typeof code === "number" && code !== FAILED;
  const why = isConnected ? `: its command waits for input, as an SFTP server does: ${SFTP_SERVER}` : "";
  return new RpcError(
    "UNAVAILABLE",
    `${address} did not respond within ${timeout} ms (connectTimeout)${why}${quoted(stderrTail)}`,
  );
}

/** Why there is no connection. With a text of ssh, the failure is its own. */
function describeStart(outcome: SshOutcome): string {
  const { code, signal, stderrTail } = outcome;
  if (signal || typeof code !== "number" || (code === FAILED && stderrTail.trim() !== ""))
    return describeOutcome(outcome);
  if (code === FAILED) return `${describeEarlyExit(code)}. ${NO_COMMON}`;
  return `${describeEarlyExit(code)}${quoted(stderrTail)}`;
}

function describeOutcome({ code, signal, stderrTail }: SshOutcome): string {
  return `${describeEnd(code, signal)}${quoted(stderrTail)}`;
}

function describeEnd(code: number | null | undefined, signal: NodeJS.Signals | null | undefined): string {
  if (signal) return `ssh was terminated by ${signal}`;
  switch (code) {
    case undefined:
    case null:
      return "ssh closed its output but is still running";
    case FAILED:
      return "ssh exited with status 255";
    default:
      return `the server process exited with status ${code}`;
  }
}

function startError(program: string, error: NodeJS.ErrnoException): RpcError {
  const name = printable(JSON.stringify(program));
  const message =
    error.code === "ENOENT"
      ? `program ${name} not found: install the OpenSSH client, set openssh.program, or omit transport: "openssh"`
      : `program ${name} cannot be run (${error.code ?? error.message})`;
  return new RpcError("UNAVAILABLE", message, { cause: error });
}

/** Quotes the last lines: a banner may precede them. */
function quoted(stderrTail: string): string {
  // Keys are hidden before the text is cut: the end of a key is as secret as the whole.
  const lines = hideKeys(stderrTail)
    .split(/[\r\n]+/)
    .flatMap((line) => line.trim() || []);
  const text = lines.slice(-4).join(" / ");
  return text === "" ? "" : `; ssh: ${printable(text.slice(-MAX_QUOTED), MAX_QUOTED)}`;
}
