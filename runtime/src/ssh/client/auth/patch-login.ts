import type { Client } from "ssh2";
import { hookClientAuth } from "../../ssh2/auth/client-auth.js";
import type { Login } from "./login.js";
import { signerOf } from "./present-key.js";

/**
 * Makes `login` sign for ssh2's client, and passes it the algorithms that the server accepts and messages without
 * prompts. To be called right after `connect`.
 */
export function patchLogin(client: Client, login: Login, signal: AbortSignal): void {
  hookClientAuth(client, {
    signerOf: (key) => {
      const signer = signerOf(key);
      return signer && { sign: (data) => login.patiently(signer.sign(data)), fail: (reason) => signer.fail(reason) };
    },
    onSignatureAlgorithms: (names) => {
      login.serverAlgorithms ??= names;
    },
    showMessage: (name, instructions) => login.show(name, instructions),
    signal,
  });
}
