import type { Client, ParsedKey } from "ssh2";
import { string } from "../../keys/format/binary-writer.js";
import { type Protocol as GuardedProtocol, packetOf } from "../../ssh2/internals.js";
import type { Login } from "./login.js";
import { signerOf } from "./present-key.js";

type Send = (signature: Buffer) => void;
type Sign = (data: Buffer, send: Send) => void;

/** The parts of ssh2's client that its types do not show. */
interface Protocol extends Pick<GuardedProtocol, "_packetRW" | "_cipher"> {
  authPK(user: string, key: ParsedKey, algorithm?: string, sign?: Sign): void;
  authPassword(user: string, password: string, newPassword?: string): void;
  readonly _handlers: {
    EXT_INFO(protocol: Protocol, extensions: readonly { name: string; algs?: readonly string[] }[]): void;
    USERAUTH_INFO_REQUEST(protocol: Protocol, name: string, instructions: string, prompts: readonly unknown[]): void;
  };
  /** The requests that have no answer yet. */
  readonly _authsQueue: string[];
  /** Set while keys are exchanged; what is sent meanwhile waits in `_queue`. */
  readonly _kexinit: Buffer | undefined;
  _queue?: Buffer[];
}

/**
 * Lets `login` sign for ssh2's client, which waits for no signature of a file's key, and puts those of certificates and
 * security keys together wrongly; and tells it what ssh2 keeps to itself: the algorithms that the server takes, and messages
 * that ask nothing. To be called right after `connect`.
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
        .patiently(signer.sign(data))
        .then(
          (signature) => {
            // What is signed is the session's id and the request; the request itself goes on the wire (RFC 4252, section 7).
            const request = data.subarray(4 + data.readUInt32BE());
            if (!signal.aborted) send(protocol, Buffer.concat([request, string(signature)]));
          },
          (error: Error) => {
            signer.fail(error);
            if (!signal.aborted) sign(data, () => {});
          },
        )
        // ssh2 throws where the connection has ended meanwhile; that is told elsewhere.
        .catch(() => {});
    });
  };
  const { EXT_INFO, USERAUTH_INFO_REQUEST } = protocol._handlers;
  protocol._handlers.EXT_INFO = (self, extensions) => {
    login.serverAlgorithms ??= extensions.find(({ name }) => name === "server-sig-algs")?.algs;
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

/** Answers a request to change the password: ssh2 itself knows only the password of its options. */
export function sendPasswordChange(client: Client, user: string, password: string, newPassword: string): void {
  const protocol = protocolOf(client);
  // ssh2 expects another answer to the first request; this one takes its place.
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
