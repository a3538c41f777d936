import { string, uint32 } from "../../keys/format/binary-writer.js";
import { type Protocol, packetOf } from "../internals.js";

/** The algorithms of signatures that a server takes, for clients that ask (RFC 8308, section 3.1). */
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

/** What ssh2 makes of a request to log in with a key. */
interface KeyRequest {
  key?: Buffer;
  signature?: Buffer;
  readonly hashAlgo?: "sha256" | "sha512";
}

/**
 * Mends what ssh2 1.17.0 sends to clients that log in with keys. Its list of signature algorithms lacks a comma, so that
 * two of them have no name, and names SHA-1; and it says `ssh-rsa` of an RSA key where the client has said `rsa-sha2-256`
 * or `rsa-sha2-512`, which asyncssh takes for another key (RFC 4252, section 7).
 */
export function patchExtInfo(protocol: Protocol): void {
  sendOwnExtensions(protocol);
  answerWithTheNameAsked(protocol);
}

function sendOwnExtensions(protocol: Protocol): void {
  const complete = protocol._onHandshakeComplete;
  let isFirst = true;
  protocol._onHandshakeComplete = (negotiated) => {
    const exchange = protocol._kex;
    if (isFirst && exchange?.remoteExtInfoEnabled) {
      // Then ssh2 sends none. It has to be the first packet under the new keys.
      exchange.remoteExtInfoEnabled = false;
      protocol._cipher.encrypt(packetOf(protocol, extensions()));
    }
    isFirst = false;
    complete(negotiated);
  };
}

function extensions(): Buffer {
  const names = string(SIGNATURE_ALGORITHMS.join(","));
  return Buffer.concat([Buffer.of(EXT_INFO), uint32(1), string("server-sig-algs"), names]);
}

function answerWithTheNameAsked(protocol: Protocol): void {
  const handlers = protocol._handlers as Record<string, ((...args: unknown[]) => unknown) | undefined>;
  const handle = handlers["USERAUTH_REQUEST"];
  const names = new WeakMap<Buffer, string>();
  handlers["USERAUTH_REQUEST"] = (self, user, service, method, data) => {
    if (method === "publickey") {
      const request = data as KeyRequest;
      // Copies: ssh2 gives pieces of a packet, and whoever decides may take its time.
      if (request.key !== undefined) request.key = Buffer.from(request.key);
      if (request.signature !== undefined) request.signature = Buffer.from(request.signature);
      if (request.key !== undefined && request.hashAlgo !== undefined) {
        names.set(request.key, `rsa-sha2-${request.hashAlgo.slice(3)}`);
      }
    }
    handle?.(self, user, service, method, data);
  };
  const { authPKOK } = protocol;
  protocol.authPKOK = (algorithm, key) => authPKOK.call(protocol, names.get(key) ?? algorithm, key);
}
