import type { Peer } from "../peer.js";
import type { CallEnded, ConnectionEvent } from "./observer.js";

// The names of the fields in the lines of the log and of the audit log; docs/logging.md has them as a table.

/** The fields that identify a connection and its peer, as far as they are known; what is proven comes first. */
export function connectionFields({
  peer,
  connectionId = peer?.connectionId,
  address = peer?.address,
}: ConnectionEvent): object {
  return {
    ...(connectionId !== undefined && { connection: connectionId }),
    ...(address !== undefined && { address }),
    ...(peer !== undefined && peerFields(peer)),
  };
}

/** The fields that identify a peer, over all its connections. */
export function peerFields({ user, principal, fingerprint, keyName, certificate }: Peer): object {
  return {
    ...(principal !== undefined && { principal }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(keyName !== undefined && { keyName }),
    ...(certificate && { keyId: certificate.keyId, serial: certificate.serial }),
    // As claimed.
    user,
  };
}

/** The fields of a call that has ended. The caller adds the reason, if it failed. */
export function callFields(ended: CallEnded & { readonly callback?: true | undefined }): object {
  const { call, peer, method, callback, status, milliseconds, bytesIn, bytesOut } = ended;
  const kind = callback === true ? { callback } : {};
  return { ...connectionFields({ peer }), call, method, ...kind, status, ms: roundMs(milliseconds), bytesIn, bytesOut };
}

/** Milliseconds with one decimal. */
export function roundMs(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
