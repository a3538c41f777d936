import { formatHostPort } from "../../base/host-port.js";
import { printable } from "../../base/printable.js";
import { RpcError } from "../../contract/rpc-error.js";
import { formatTarget, type Target } from "../target.js";

/** How far a dial has come; it decides what a failure means. */
export type DialStage = "connecting" | "greeting" | "key exchange" | "authentication" | "channel";

/** The port of an sshrpc server where nobody says otherwise. */
const USUAL_PORT = 8022;

/** What is known when a dial fails. */
export interface DialFailure {
  readonly target: Target;
  readonly stage: DialStage;
  /** The first bytes from the other side, as text. */
  readonly heard: string;
}

/** The RpcError of a connection that failed before its channel was open, other than by a refused key. */
export function dialError(failure: DialFailure, error: NodeJS.ErrnoException | undefined): RpcError {
  const { target, stage, heard } = failure;
  const where = formatHostPort(target.host, target.port);
  return unavailable(
    stage === "connecting"
      ? connectReason(where, target, error)
      : !/^SSH-/m.test(heard)
        ? noSshReason(where, heard)
        : protocolReason(where, stage, error),
    error,
  );
}

/** The RpcError of a dial that took too long. */
export function dialTimeout({ target, stage, heard }: DialFailure, timeout: number): RpcError {
  const where = formatHostPort(target.host, target.port);
  const within = `within ${timeout} ms (connectTimeout)`;
  if (stage === "connecting") {
    return unavailable(`${where} did not answer ${within}: is the host up, and does a firewall let the port through?`);
  }
  if (!/^SSH-/m.test(heard)) {
    return unavailable(
      heard === ""
        ? `${where} accepted the connection and said nothing ${within}: it is no SSH server, or too busy`
        : `${noSshReason(where, heard)}, and nothing more ${within}`,
    );
  }
  return unavailable(`${formatTarget(target)} did not finish the ${stage} ${within}`);
}

function unavailable(message: string, cause?: unknown): RpcError {
  return new RpcError("UNAVAILABLE", message, { cause });
}

function connectReason(where: string, target: Target, error: NodeJS.ErrnoException | undefined): string {
  switch (error?.code) {
    case "ECONNREFUSED": {
      const usual = formatTarget({ ...target, port: USUAL_PORT });
      const hint = target.port === USUAL_PORT ? "is the server running?" : `a server of sshrpc is usually at ${usual}`;
      return `nobody listens at ${where} (connection refused): ${hint}`;
    }
    case "ENOTFOUND":
      return `no host is called ${target.host}: check the name in ${formatTarget(target)}`;
    case "EAI_AGAIN":
      return `the name ${target.host} could not be looked up now: the name server does not answer`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `no route leads to ${where} (${error.code}): check the network`;
    case "ETIMEDOUT":
      return `${where} did not answer: is the host up, and does a firewall let the port through?`;
    default:
      return `cannot connect to ${where}: ${printable(error?.message || error?.code || "the connection closed")}`;
  }
}

function noSshReason(where: string, heard: string): string {
  const [line = ""] = heard.split(/\r?\n/, 1);
  return line === ""
    ? `${where} closed the connection without a word: it is no SSH server, or takes no more connections`
    : `${where} is no SSH server: it says "${printable(line, 60)}"`;
}

function protocolReason(where: string, stage: DialStage, error: Error | undefined): string {
  const mismatch = /no matching (.*)/i.exec(error?.message ?? "")?.[1];
  if (mismatch !== undefined) {
    const reason = `${where} and this client have no ${printable(mismatch)} in common: the server offers only what is out of date`;
    return mismatch === "key exchange algorithm"
      ? `${reason}, or only post-quantum exchange, which protocol: "openssh" has`
      : reason;
  }
  return `${where} ended the connection during the ${stage}${error ? `: ${printable(error.message)}` : ""}`;
}
