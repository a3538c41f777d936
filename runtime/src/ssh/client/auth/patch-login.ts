import type { Client } from "ssh2";
import { hookClientAuth } from "../../ssh2/auth/client-auth.js";
import type { Login } from "./login.js";
import { signerOf } from "./parsed-key.js";

/**
 * Makes `login` sign for ssh2's client, and passes it the algorithms that the server accepts and messages without
 * prompts. Call right after `connect`.
 */
export function patchLogin(client: Client, login: Login, signal: AbortSignal): void {
  hookClientAuth(client, {
    signerOf: (key) => {
      const signer = signerOf(key);
      if (signer === undefined) return undefined;
      const { signsAtOnce } = signer;
      return { signsAtOnce, sign: (data) => login.pauseFor(signer.sign(data)), fail: (reason) => signer.fail(reason) };
    },
    needsAlgorithms: () => login.needsAlgorithms,
    onSignatureAlgorithms: (names) => login.setServerAlgorithms(names),
    showMessage: (name, instructions) => login.show(name, instructions),
    signal,
  });
}
