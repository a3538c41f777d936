import { printable } from "../../../base/printable.js";
import { RpcError } from "../../../contract/rpc-error.js";
import type { Login } from "./login.js";

/**
 * The RpcError of a login that failed: UNAUTHENTICATED with what was tried, or UNAVAILABLE where the connection went away by
 * itself.
 * @param address of the server, for the message
 * @param error what ssh2 said last
 */
export function loginError(address: string, login: Login, error: (Error & { level?: string }) | undefined): RpcError {
  if (login.exhausted) {
    const message =
      login.refused === ""
        ? `no key to log in to ${address} with${login.remarks}: make one with \`ssh-keygen -t ed25519\`, or name one with the option identity`
        : `${address} ${login.refused}${login.remarks}; ${hint(login)}`;
    return new RpcError("UNAUTHENTICATED", message);
  }
  const why = error ? `: ${printable(error.message)}` : "";
  const offered = login.offered || "nothing";
  const message = `${address} ended the connection during the authentication${why}; offered ${offered}${login.remarks}`;
  // A server that hangs up after a key has mostly seen too many of them; a network that fails has said so.
  const refused = login.offered !== "" && error?.level !== "client-socket";
  return new RpcError(refused ? "UNAUTHENTICATED" : "UNAVAILABLE", message, { cause: error });
}

function hint({ refused }: Login): string {
  return refused.includes("SHA256:")
    ? "add one to the server's authorized_keys, or name another with the option identity"
    : "name a key with the option identity, or check what was typed";
}
