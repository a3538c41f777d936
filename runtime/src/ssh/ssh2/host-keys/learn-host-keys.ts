import type { Client, ParsedKey } from "ssh2";
import { BinaryReader } from "../../keys/format/binary-reader.js";
import { string } from "../../keys/format/binary-writer.js";
import { type PublicKey, publicKeyFromBlob } from "../../keys/format/public-key.js";
import { parseSignature, verifySignature } from "../../keys/format/signature.js";
import { attempt, GLOBAL_REQUEST, globalReplies, internalsOf, sendPayload, wrapHandler } from "../internals.js";
import { HOST_KEYS, HOST_KEYS_PROVE, hostKeyProof } from "./host-key-proof.js";

/** What a client does with the host keys that a server announces. */
interface HostKeyLearner {
  /** The keys to learn, of those that the server announces. */
  readonly wanted: (announced: readonly PublicKey[]) => readonly PublicKey[];
  /** Receives these keys when the server has proven possession of all of them. */
  readonly learn: (proven: readonly PublicKey[]) => void;
  /** Receives these keys when the server has not. */
  readonly reject: (unproven: readonly PublicKey[]) => void;
}

/**
 * Learns the other host keys of a server from its first announcement (PROTOCOL of OpenSSH, section 2.5). ssh2's client
 * asks for the proof of every key at every connection, and of servers that identify as OpenSSH only (client.js:509 and
 * 2059). Called right after `connect`. test/interop/host-keys.test.ts notices a change.
 */
export function learnHostKeys(client: Client, { wanted, learn, reject }: HostKeyLearner): void {
  const { protocol } = internalsOf(client);
  let isFirst = true;
  const request = (announced: readonly ParsedKey[]): void => {
    const keys = wanted(announced.flatMap((key) => publicKeyFromBlob(key.getPublicSSH()) ?? []));
    const sessionId = protocol._kex?.sessionID;
    if (keys.length === 0 || sessionId === undefined) return;
    globalReplies(client).push((failed, data) => {
      if (!failed && data && areProven(keys, data, sessionId)) learn(keys);
      else reject(keys);
    });
    const blobs = keys.map(({ blob }) => string(blob));
    sendPayload(protocol, Buffer.concat([Buffer.of(GLOBAL_REQUEST), string(HOST_KEYS_PROVE), Buffer.of(1), ...blobs]));
  };
  wrapHandler<[name: string, wantsReply: boolean, data: unknown]>(protocol, "GLOBAL_REQUEST", (next) => {
    return (self, name, wantsReply, data) => {
      if (name !== HOST_KEYS) return next(self, name, wantsReply, data);
      if (wantsReply) protocol.requestSuccess();
      if (isFirst && Array.isArray(data)) attempt(() => request(data as ParsedKey[]));
      isFirst = false;
      return undefined;
    };
  });
}

/** Whether the reply has a valid signature of each key, in the same order. */
function areProven(keys: readonly PublicKey[], reply: Buffer, sessionId: Buffer): boolean {
  try {
    const signatures = new BinaryReader(reply).strings().map(parseSignature);
    const isValid = (key: PublicKey, index: number): boolean => {
      const signature = signatures[index];
      return (
        signature !== undefined && verifySignature(key, signature, hostKeyProof(sessionId, key.blob)) !== undefined
      );
    };
    return signatures.length === keys.length && keys.every(isValid);
  } catch {
    return false;
  }
}
