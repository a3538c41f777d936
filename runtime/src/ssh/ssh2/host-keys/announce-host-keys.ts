import type { Connection } from "ssh2";
import { BinaryReader } from "../../keys/format/binary-reader.js";
import { string } from "../../keys/format/binary-writer.js";
import { makeSignature } from "../../keys/format/make-signature.js";
import type { HostKey } from "../../keys/identity/host-key.js";
import {
  attempt,
  GLOBAL_REQUEST,
  identificationOf,
  internalsOf,
  type Protocol,
  sendPayload,
  wrapHandler,
} from "../internals.js";
import { HOST_KEYS, HOST_KEYS_PROVE, hostKeyProof } from "./host-key-proof.js";

/** How many requests for proof one connection may make, since each costs signatures; OpenSSH makes one. */
export const MAX_PROOFS = 4;

/** Clients that fail on the announcement (compat.c of OpenSSH, SSH_BUG_HOSTKEYS). */
const CONFUSED = /^SSH-2\.0-(?:TeraTerm SSH|TTSSH\/(?:1\.5\.|2\.(?:[1-6]|7[0-2]))|Cisco-1\.)/;

/**
 * Announces the host keys of a server to each client that has authenticated, and proves possession of those that the
 * client does not know (PROTOCOL of OpenSSH, section 2.5): so clients learn a new host key before the old one is removed.
 * ssh2's server refuses the request for proof (server.js:1146). Called in the turn in which ssh2 announces the
 * connection. test/interop/host-keys.test.ts notices a change.
 */
export function announceHostKeys(connection: Connection, hostKeys: readonly HostKey[]): void {
  const { protocol } = internalsOf(connection);
  if (CONFUSED.test(identificationOf(connection) ?? "")) return;
  connection.once("ready", () => {
    const blobs = hostKeys.map(({ publicKey }) => string(publicKey.blob));
    const announcement = [Buffer.of(GLOBAL_REQUEST), string(HOST_KEYS), Buffer.of(0), ...blobs];
    attempt(() => sendPayload(protocol, Buffer.concat(announcement)));
  });
  const replies = inOrder(protocol);
  let proofs = 0;
  wrapHandler<[name: string, wantsReply: boolean, data: unknown]>(protocol, "GLOBAL_REQUEST", (next) => {
    return (self, name, wantsReply, data) => {
      const isProof = name === HOST_KEYS_PROVE && wantsReply && Buffer.isBuffer(data) && ++proofs <= MAX_PROOFS;
      const proof = isProof ? prove(protocol, hostKeys, data) : undefined;
      if (proof !== undefined) return replies.add(proof);
      if (wantsReply) replies.expect();
      return next(self, name, wantsReply, data);
    };
  });
}

/** The signatures that prove possession of the requested keys; undefined where one of them is unknown or repeated. */
function prove(protocol: Protocol, hostKeys: readonly HostKey[], requested: Buffer): Buffer | undefined {
  const { sessionID, negotiated } = protocol._kex ?? {};
  if (sessionID === undefined || negotiated === undefined) return undefined;
  let blobs: readonly Buffer[];
  try {
    blobs = new BinaryReader(requested).strings();
  } catch {
    return undefined;
  }
  const keys = blobs.map((blob) => hostKeys.find(({ publicKey }) => publicKey.blob.equals(blob)));
  if (keys.length === 0 || new Set(keys).size < keys.length) return undefined;
  // OpenSSH requires the algorithm of the key exchange where that used an RSA key.
  const rsa = negotiated.serverHostKey.startsWith("rsa-") ? negotiated.serverHostKey : "rsa-sha2-512";
  const signatures: Buffer[] = [];
  for (const key of keys) {
    if (key === undefined) return undefined;
    const { publicKey, privateKey } = key;
    const algorithm = publicKey.type === "ssh-rsa" ? rsa : publicKey.type;
    signatures.push(string(makeSignature(privateKey, algorithm, hostKeyProof(sessionID, publicKey.blob))));
  }
  return Buffer.concat(signatures);
}

/** Sends our replies in the order of the requests, among those of ssh2 (RFC 4254, section 4). */
function inOrder(protocol: Protocol): { add(reply: Buffer): void; expect(): void } {
  /** Our replies that wait; undefined stands for one of ssh2. */
  const queue: (Buffer | undefined)[] = [];
  const { requestSuccess, requestFailure } = protocol;
  const flush = (): void => {
    for (let reply = queue[0]; reply !== undefined; reply = queue[0]) {
      queue.shift();
      requestSuccess.call(protocol, reply);
    }
  };
  const after = (): void => {
    queue.shift();
    flush();
  };
  protocol.requestSuccess = (data) => {
    requestSuccess.call(protocol, data);
    after();
  };
  protocol.requestFailure = () => {
    requestFailure.call(protocol);
    after();
  };
  return {
    add: (reply) => {
      queue.push(reply);
      attempt(flush);
    },
    expect: () => void queue.push(undefined),
  };
}
