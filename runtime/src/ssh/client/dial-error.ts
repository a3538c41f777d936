import { formatHostPort, LISTEN_ADDRESS } from "../../base/net/host-port.js";
import { printable } from "../../base/printable.js";
import { SshError } from "../ssh-error.js";
import { formatTarget, type Target } from "../target.js";

/** The phase that a connection attempt has reached; it decides what a failure means. */
export type DialStage = "connecting" | "greeting" | "key exchange" | "authentication" | "channel";

/** The state of a connection attempt that failed. */
export interface DialFailure {
  readonly target: Target;
  readonly stage: DialStage;
  /** The first bytes from the server, as text. */
  readonly received: string;
}

/** How many characters of both offers of key exchanges are shown. */
const MAX_OFFERS = 1000;

const KEX_HINT =
  'change the option algorithms.kex, or set transport: "openssh" for outdated or for other post-quantum key exchanges';

/** The error of a connection that failed before its channel was open, other than by authentication. */
export function dialError(failure: DialFailure, error: NodeJS.ErrnoException | undefined): SshError {
  const { target, stage, received } = failure;
  const where = formatHostPort(target.host, target.port);
  return unavailable(
    stage === "connecting"
      ? connectReason(where, target, error)
      : !/^SSH-/m.test(received)
        ? notSshReason(where, received)
        : protocolReason(where, stage, error),
    error,
  );
}

/** The error of a connection attempt that exceeded `timeout` milliseconds. */
export function dialTimeout({ target, stage, received }: DialFailure, timeout: number): SshError {
  const where = formatHostPort(target.host, target.port);
  const within = `within ${timeout} ms (connectTimeout)`;
  if (stage === "connecting") {
    return unavailable(`no answer from ${where} ${within}: is the host running, and does a firewall block the port?`);
  }
  if (!/^SSH-/m.test(received)) {
    return unavailable(
      received === ""
        ? `${where} accepted the connection, but sent nothing ${within}: not an SSH server, or overloaded`
        : `${notSshReason(where, received)}, and nothing more ${within}`,
    );
  }
  return unavailable(`${formatTarget(target)} did not finish the ${stage} ${within}`);
}

function unavailable(message: string, cause?: unknown): SshError {
  return new SshError("unavailable", message, { cause });
}

function connectReason(where: string, target: Target, error: NodeJS.ErrnoException | undefined): string {
  switch (error?.code) {
    case "ECONNREFUSED": {
      const usual = formatTarget({ ...target, port: LISTEN_ADDRESS.port });
      const hint =
        target.port === LISTEN_ADDRESS.port ? "is the server running?" : `the default address of sshrpc is ${usual}`;
      return `connection refused by ${where}: ${hint}`;
    }
    case "ENOTFOUND":
      return `cannot resolve host ${target.host}: check the name in ${formatTarget(target)}`;
    case "EAI_AGAIN":
      return `cannot resolve host ${target.host}: the name server does not answer`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `no route to ${where} (${error.code}): check the network`;
    case "ETIMEDOUT":
      return `no answer from ${where}: is the host running, and does a firewall block the port?`;
    default:
      return `cannot connect to ${where}: ${printable(error?.message || error?.code || "the connection closed")}`;
  }
}

function notSshReason(where: string, received: string): string {
  const [line = ""] = received.split(/\r?\n/, 1);
  return line === ""
    ? `${where} closed the connection without sending anything: not an SSH server, or at its connection limit`
    : `${where} is not an SSH server: received "${printable(line, 60)}"`;
}

function protocolReason(where: string, stage: DialStage, error: Error | undefined): string {
  const [, mismatch, offers] = /no matching ([^:]*)(?:: (.*))?/i.exec(error?.message ?? "") ?? [];
  if (mismatch !== undefined) {
    const reason = `${where} and this client have no common ${printable(mismatch)}`;
    if (offers !== undefined) return `${reason}: ${printable(offers, MAX_OFFERS)}; ${KEX_HINT}`;
    const outdated = `${reason}: the server offers only outdated ones`;
    return mismatch === "host key format" ? outdated : `${outdated}, or none of the option algorithms`;
  }
  return `${where} closed the connection during the ${stage}${error ? `: ${printable(error.message)}` : ""}`;
}

/** The error with a cause, which tells it from the end of a subsystem that said nothing. */
export function unanswered(error: SshError): SshError {
  const { kind, message, cause = new Error("the server has not answered the request for the channel") } = error;
  return new SshError(kind, message, { cause });
}
