import type { Client, ParsedKey } from "ssh2";
import { string } from "../../keys/format/binary-writer.js";
import { type Protocol as GuardedProtocol, packetOf } from "../../ssh2/internals.js";
import type { Login } from "./login.js";
import { signerOf } from "./parsed-key.js";

type Send = (signature: Buffer) => void;
type Sign = (data: Buffer, send: Send) => void;

/** The private parts of ssh2's client that are used here. */
interface Protocol extends Pick<GuardedProtocol, "_packetRW" | "_cipher"> {
  authPK(user: string, key: ParsedKey, algorithm?: string, sign?: Sign): void;
  authPassword(user: string, password: string, newPassword?: string): void;
  readonly _handlers: {
    EXT_INFO(protocol: Protocol, extensions: readonly { name: string; algs?: readonly string[] }[]): void;
    USERAUTH_INFO_REQUEST(protocol: Protocol, name: string, instructions: string, prompts: readonly unknown[]): void;
  };
  /** The authentication requests that await an answer. */
  readonly _authsQueue: string[];
  /** Set during a key exchange, while packets wait in `_queue`. */
  readonly _kexinit: Buffer | undefined;
  _queue?: Buffer[];
}

/**
 * Makes `login` sign for ssh2's client, which signs synchronously, and encodes the signatures of certificates and security keys
 * wrongly; and passes it what ssh2 does not expose: `server-sig-algs`, and keyboard-interactive requests without prompts. Call
 * right after `connect`.
 */
export function patchLogin(client: Client, login: Login, signal: AbortSignal): void {
  const protocol = protocolOf(client);
  const authPK = protocol.authPK.bind(protocol);
  protocol.authPK = (user, key, algorithm, sign) => {
    const signer = signerOf(key);
    if (sign === undefined || signer === undefined) {
      authPK(user, key, algorithm, sign);
      return;
    }
    authPK(user, key, algorithm, (data) => {
      login
        .pauseFor(signer.sign(data))
        .then(
          (signature) => {
            // The signed data is the session id and the request; only the request is sent (RFC 4252, section 7).
            const request = data.subarray(4 + data.readUInt32BE());
            if (!signal.aborted) send(protocol, Buffer.concat([request, string(signature)]));
          },
          (error: Error) => {
            signer.fail(error);
            if (!signal.aborted) sign(data, () => {});
          },
        )
        // ssh2 throws where the connection has closed meanwhile, which is reported elsewhere.
        .catch(() => {});
    });
  };
  const { EXT_INFO, USERAUTH_INFO_REQUEST } = protocol._handlers;
  protocol._handlers.EXT_INFO = (self, extensions) => {
    login.setServerAlgorithms(extensions.find(({ name }) => name === "server-sig-algs")?.algs);
    EXT_INFO(self, extensions);
  };
  protocol._handlers.USERAUTH_INFO_REQUEST = (self, name, instructions, prompts) => {
    const goOn = () => {
      if (!signal.aborted) USERAUTH_INFO_REQUEST(self, name, instructions, prompts);
    };
    if (prompts.length > 0) goOn();
    else
      login
        .show(name, instructions)
        .then(goOn)
        .catch(() => {});
  };
}

/** Answers a password change request: ssh2 itself uses only the password of its options. */
export function sendPasswordChange(client: Client, user: string, password: string, newPassword: string): void {
  const protocol = protocolOf(client);
  // This request replaces the one that ssh2 still expects an answer to.
  protocol._authsQueue.shift();
  protocol.authPassword(user, password, newPassword);
}

function protocolOf(client: Client): Protocol {
  return (client as unknown as { _protocol: Protocol })._protocol;
}

function send(protocol: Protocol, payload: Buffer): void {
  protocol._authsQueue.push("publickey");
  const packet = packetOf(protocol, payload);
  if (protocol._kexinit === undefined) protocol._cipher.encrypt(packet);
  else protocol._queue = [...(protocol._queue ?? []), packet];
}
