import { string } from "../../keys/format/binary-writer.js";

/** The request that announces host keys (PROTOCOL of OpenSSH, section 2.5). */
export const HOST_KEYS = "hostkeys-00@openssh.com";

/** The request to prove possession of host keys. */
export const HOST_KEYS_PROVE = "hostkeys-prove-00@openssh.com";

/** The data that a server signs to prove possession of a host key. */
export function hostKeyProof(sessionId: Buffer, blob: Buffer): Buffer {
  return Buffer.concat([string(HOST_KEYS_PROVE), string(sessionId), string(blob)]);
}
