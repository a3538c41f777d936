import { printable } from "../../../base/printable.js";
import { SshError } from "../../ssh-error.js";
import type { Login } from "./login.js";

/**
 * The error of a failed authentication: `unauthenticated` with what was tried, or `unavailable` where the connection was lost.
 * @param address of the server
 * @param error the last error of ssh2
 */
export function loginError(address: string, login: Login, error: (Error & { level?: string }) | undefined): SshError {
  const { offered, record } = login;
  const { problems, rejected } = record;
  if (login.exhausted) {
    const message =
      rejected === ""
        ? `no key to authenticate to ${address} with${problems}: create one with \`ssh-keygen -t ed25519\`, or set the option identity`
        : `${address} ${rejected}${problems}; ${hint(rejected)}`;
    return new SshError("unauthenticated", message);
  }
  const why = error ? `: ${printable(error.message)}` : "";
  // A server that says why it disconnects, or has rejected a key before, has most likely seen too many keys. A network failure is a
  // socket error, or an end without a word, as of a server that is killed.
  const hasAnswered = error !== undefined || rejected !== "";
  const isRejected = offered !== "" && error?.level !== "client-socket" && hasAnswered;
  const fix = isRejected ? "; set the option identity to the one key for this server" : "";
  const message = `${address} closed the connection during the authentication${why}; offered ${offered || "nothing"}${problems}${fix}`;
  return new SshError(isRejected ? "unauthenticated" : "unavailable", message, { cause: error });
}

function hint(rejected: string): string {
  return rejected.includes("SHA256:")
    ? "add one to the server's authorized_keys, or set the option identity to another key"
    : "set the option identity to a key, or check the password";
}
