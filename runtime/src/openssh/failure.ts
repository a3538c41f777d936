import { hideKeys, printable } from "../base/printable.js";
import { RpcError } from "../contract/rpc-error.js";
import type { ErrorStatus } from "../contract/status.js";

/** How a run of `ssh` ended. */
export interface SshOutcome {
  /** What could not be started, and why. */
  readonly error?: NodeJS.ErrnoException;
  /** Its exit status: its own failures are 255; others are those of what it ran at the server. */
  readonly code?: number | null;
  readonly signal?: NodeJS.Signals | null;
  /** The end of what it wrote to standard error. */
  readonly said: string;
}

/** Characters of what ssh said that a message quotes. */
const QUOTED = 400;

/** What ssh says of its failures, in the order in which it counts; `%` stands for the address. */
const REASONS: readonly (readonly [RegExp, ErrorStatus, string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|[Hh]ost key for .* has changed/,
    "UNAUTHENTICATED",
    "the host key of % is not the known one: somebody may be in between, or the server was set up anew",
  ],
  [
    /Host key verification failed|host key is known for/,
    "UNAUTHENTICATED",
    "the host key of % is not known: connect once with ssh to look at it and accept it, or add it to known_hosts",
  ],
  [
    /Permission denied \(|Too many authentication failures|No more authentication methods/,
    "UNAUTHENTICATED",
    "% accepts none of the keys that ssh has offered",
  ],
  [
    /Bad configuration option|unknown option|illegal option|usage: ssh|Bad owner or permissions|Can't open user config file|terminating, \d+ bad/,
    "BAD_REQUEST",
    "ssh does not accept its options or its configuration",
  ],
  [/Could not resolve hostname/, "UNAVAILABLE", "ssh cannot look up the host of %"],
  [/subsystem request failed/, "UNAVAILABLE", "% serves no sshrpc subsystem: add a Subsystem line to its sshd_config"],
  [/Connection refused/, "UNAVAILABLE", "nobody listens at %"],
  [/timed out/, "UNAVAILABLE", "% did not answer in time"],
];

/** The RpcError of a connection that ended before the other side said a word of sshrpc. */
export function opensshFailure(address: string, program: string, outcome: SshOutcome): RpcError {
  const { error, code, said } = outcome;
  if (error !== undefined) return startFailure(program, error);
  const found = code === 255 ? REASONS.find(([pattern]) => pattern.test(said)) : undefined;
  if (found === undefined) {
    return new RpcError("UNAVAILABLE", `no connection to ${address}: ${describeOutcome(outcome)}`);
  }
  const [, status, reason] = found;
  return new RpcError(status, `${reason.replace("%", address)}${quoted(said)}`);
}

/** The RpcError of a connection that was lost. */
export function opensshLoss(address: string, outcome: SshOutcome): RpcError {
  return new RpcError("UNAVAILABLE", `the connection to ${address} was lost: ${describeOutcome(outcome)}`);
}

/** The RpcError of a server that has said nothing in time. */
export function opensshLate(address: string, timeout: number, { said }: SshOutcome): RpcError {
  return new RpcError("UNAVAILABLE", `${address} did not answer within ${timeout} ms (connectTimeout)${quoted(said)}`);
}

function describeOutcome({ code, signal, said }: SshOutcome): string {
  return `${describeEnd(code, signal)}${quoted(said)}`;
}

function describeEnd(code: number | null | undefined, signal: NodeJS.Signals | null | undefined): string {
  if (signal) return `ssh was ended by ${signal}`;
  switch (code) {
    case undefined:
    case null:
      return "ssh has closed its output, and goes on";
    case 255:
      return "ssh ended with status 255";
    case 0:
      return "the server's process ended, and had served nothing";
    case 126:
    case 127:
      return `the server could not run its command (status ${code}): is the path right that its Subsystem line or command= names?`;
    default:
      return `the server's process ended with status ${code}`;
  }
}

function startFailure(program: string, error: NodeJS.ErrnoException): RpcError {
  const name = printable(JSON.stringify(program));
  const message =
    error.code === "ENOENT"
      ? `there is no program ${name}: install OpenSSH's client, or name it with the option program, or leave out protocol: "openssh"`
      : `${name} cannot be run (${error.code ?? error.message})`;
  return new RpcError("UNAVAILABLE", message, { cause: error });
}

/** The last lines count: a banner comes before. */
function quoted(said: string): string {
  // Before anything is cut: the end of a key is as secret.
  const lines = hideKeys(said)
    .split(/[\r\n]+/)
    .flatMap((line) => line.trim() || []);
  const text = lines.slice(-4).join(" / ");
  return text === "" ? "" : `; ssh says: ${printable(text.slice(-QUOTED), QUOTED)}`;
}
