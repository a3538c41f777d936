import type { Client, ParsedKey } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import { string } from "../../keys/format/binary-writer.js";
import { internalsOf, type Protocol, sendPayload, wrapHandler } from "../internals.js";

/** Signs for a key that ssh2 offers. */
interface KeySigner {
  /** Whether to sign the first request, in place of asking whether the server would accept the key. */
  readonly signsAtOnce: boolean;
  sign(data: Buffer): Promise<Buffer>;
  /** Makes ssh2 skip the key, because it cannot sign. */
  fail(reason: Error): void;
}

/** The parts of an authentication that ssh2's client leaves to its user. */
interface ClientAuthHooks {
  /** The signer of a key; undefined where ssh2 signs. */
  readonly signerOf: (key: ParsedKey) => KeySigner | undefined;
  /** Whether the first request depends on the signature algorithms that the server accepts. */
  readonly needsAlgorithms: () => boolean;
  /** Receives the signature algorithms that the server accepts (RFC 8308, section 3.1). */
  readonly onSignatureAlgorithms: (names: readonly string[] | undefined) => void;
  /** Shows a message without prompts (RFC 4256, section 3.2); ssh2 replies when it resolves. */
  readonly showMessage: (name: string, instructions: string) => Promise<void>;
  /** Aborts when the authentication ends. */
  readonly signal: AbortSignal;
}

/**
 * Hooks into the authentication of ssh2's client; called right after `connect`. ssh2 signs a file's key synchronously
 * and encodes the signatures of certificates and security keys wrongly (protocol/Protocol.js:699), keeps
 * `server-sig-algs` to itself (client.js:350), and answers a message without prompts unseen (client.js:480). Our
 * signer's signature goes on the wire as it is, and both messages reach the caller. test/unit/runtime/ssh/client/auth
 * and test/interop/logins notice a change.
 */
export function hookClientAuth(client: Client, hooks: ClientAuthHooks): void {
  const { protocol } = internalsOf(client);
  const { signal } = hooks;
  const authPK = protocol.authPK.bind(protocol);
  protocol.authPK = (user, key, algorithm, sign) => {
    const signer = hooks.signerOf(key);
    // A request without a signature asks whether the key would do (RFC 4252, section 7).
    if (signer === undefined || (sign === undefined && !signer.signsAtOnce)) {
      authPK(user, key, algorithm, sign);
      return;
    }
    authPK(user, key, algorithm, (data) => {
      signer
        .sign(data)
        .then(
          (signature) => {
            if (signal.aborted) return;
            // The signed data is the session id and the request; the request alone is sent (RFC 4252, section 7).
            const request = data.subarray(4 + data.readUInt32BE());
            protocol._authsQueue.push("publickey");
            sendPayload(protocol, Buffer.concat([request, string(signature)]));
          },
          (error: unknown) => {
            // ssh2 takes any value but an Error for a signature.
            signer.fail(error instanceof Error ? error : new Error(errorMessage(error)));
            if (signal.aborted) return;
            if (sign === undefined) authPK(user, key, algorithm);
            else sign(data, () => {});
          },
        )
        // ssh2 throws where the connection has ended meanwhile, which the client reports itself.
        .catch(() => {});
    });
  };
  beginWithService(protocol, hooks);
  type Extension = { readonly name: string; readonly algs?: readonly string[] };
  wrapHandler<[extensions: readonly Extension[]]>(protocol, "EXT_INFO", (next) => (self, extensions) => {
    hooks.onSignatureAlgorithms(extensions.find(({ name }) => name === "server-sig-algs")?.algs);
    return next(self, extensions);
  });
  type InfoRequest = [name: string, instructions: string, prompts: readonly unknown[]];
  wrapHandler<InfoRequest>(protocol, "USERAUTH_INFO_REQUEST", (next) => (self, ...request) => {
    const [name, instructions, prompts] = request;
    const reply = (): void => {
      if (!signal.aborted) next(self, ...request);
    };
    if (prompts.length > 0) reply();
    else
      hooks
        .showMessage(name, instructions)
        .then(reply)
        .catch(() => {});
  });
}

/**
 * Sends the first authentication request without waiting for the reply to the service request, which saves a round trip: a server
 * that has proven its host key by a signature may be sent data before its reply (RFC 4253, section 10). What the server sends with
 * its NEWKEYS may come later: a request that depends on it waits for the reply, which follows it.
 */
function beginWithService(protocol: Protocol, { needsAlgorithms, signal }: ClientAuthHooks): void {
  const service = protocol.service.bind(protocol);
  let begin = (): void => {};
  wrapHandler<[name: string]>(protocol, "SERVICE_ACCEPT", (next) => {
    let hasBegun = false;
    begin = () => {
      if (hasBegun || signal.aborted) return;
      hasBegun = true;
      next(protocol, "ssh-userauth");
    };
    return begin;
  });
  protocol.service = (name) => {
    service(name);
    if (!needsAlgorithms()) process.nextTick(begin);
  };
}

/** A user, and the passwords for a request to change the password. */
interface NewPassword {
  readonly user: string;
  readonly old: string;
  readonly new: string;
}

/**
 * Answers a request to change the password. ssh2 answers with the password of its options alone (client.js:430), and its
 * queue holds the request that the server answered with a change request: it is replaced. test/interop/client-passwords
 * notices a change.
 */
export function sendPasswordChange(client: Client, password: NewPassword): void {
  const { protocol } = internalsOf(client);
  protocol._authsQueue.shift();
  protocol.authPassword(password.user, password.old, password.new);
}
