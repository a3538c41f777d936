import type { Client, Connection } from "ssh2";
import type { SshAlgorithms } from "../../../base/peer.js";
import { internalsOf } from "../internals.js";

/** What the last key exchange of a connection has negotiated; undefined before the first one. */
export function negotiatedOf(connection: Connection | Client): SshAlgorithms | undefined {
  const negotiated = internalsOf(connection).protocol._kex?.negotiated;
  if (negotiated === undefined) return undefined;
  const { kex, serverHostKey, cs } = negotiated;
  return { kex, serverHostKey, cipher: cs.cipher };
}
