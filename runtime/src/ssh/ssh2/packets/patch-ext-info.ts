import { string, uint32 } from "../../keys/format/binary-writer.js";
import { type Protocol, sendAtOnce, wrapHandler } from "../internals.js";

/** The signature algorithms that a server accepts (RFC 8308, section 3.1). */
const SIGNATURE_ALGORITHMS = [
  "ssh-ed25519",
  "sk-ssh-ed25519@openssh.com",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/** SSH_MSG_EXT_INFO (RFC 8308, section 2.3). */
const EXT_INFO = 7;

/** The details of a publickey request, as ssh2 parses them. */
interface KeyRequest {
  key?: Buffer;
  signature?: Buffer;
  readonly hashAlgo?: "sha256" | "sha512";
}

type AuthRequest = [user: string, service: string, method: string, data: unknown];

/**
 * Corrects two replies of ssh2 to clients that authenticate with keys. Its list of signature algorithms lacks a comma,
 * which merges two names, and has SHA-1 (protocol/Protocol.js:2112). Its PK_OK says `ssh-rsa` where the client said
 * `rsa-sha2-256` or `rsa-sha2-512` (server.js:147), which asyncssh takes for another key (RFC 4252, section 7). We send
 * our own list, and the name that the client used. test/unit/runtime/ssh/ssh2/packets/patches.test.ts notices a change.
 */
export function patchExtInfo(protocol: Protocol): void {
  sendOwnExtensions(protocol);
  replyWithRequestedName(protocol);
}

function sendOwnExtensions(protocol: Protocol): void {
  const complete = protocol._onHandshakeComplete;
  let isFirst = true;
  protocol._onHandshakeComplete = (negotiated) => {
    const exchange = protocol._kex;
    if (isFirst && exchange?.remoteExtInfoEnabled) {
      // Then ssh2 sends none. It has to be the first packet under the new keys.
      exchange.remoteExtInfoEnabled = false;
      sendAtOnce(protocol, extensions());
    }
    isFirst = false;
    complete(negotiated);
  };
}

function extensions(): Buffer {
  const names = string(SIGNATURE_ALGORITHMS.join(","));
  return Buffer.concat([Buffer.of(EXT_INFO), uint32(1), string("server-sig-algs"), names]);
}

function replyWithRequestedName(protocol: Protocol): void {
  const names = new WeakMap<Buffer, string>();
  wrapHandler<AuthRequest>(protocol, "USERAUTH_REQUEST", (next) => (self, ...args) => {
    const [, , method, data] = args;
    if (method === "publickey") {
      const request = data as KeyRequest;
      // Copies: ssh2 passes slices of the packet, and the decision may take longer than their memory lasts.
      if (request.key !== undefined) request.key = Buffer.from(request.key);
      if (request.signature !== undefined) request.signature = Buffer.from(request.signature);
      if (request.key !== undefined && request.hashAlgo !== undefined) {
        names.set(request.key, `rsa-sha2-${request.hashAlgo.slice(3)}`);
      }
    }
    return next(self, ...args);
  });
  const { authPKOK } = protocol;
  protocol.authPKOK = (algorithm, key) => authPKOK.call(protocol, names.get(key) ?? algorithm, key);
}
