import { readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { formatHostPort, readPort } from "../../base/net/host-port.js";
import type { AuthMethod, Peer } from "../../base/peer.js";
import { printable } from "../../base/printable.js";
import { parseCertificate } from "../../ssh/keys/format/certificate.js";
import { isCertificateType, publicKeyFromBlob } from "../../ssh/keys/format/public-key.js";
import { certifiedScopes, describeCertificate } from "../../ssh/server/auth/certificate.js";

/** Bytes of the file that `SSH_USER_AUTH` names, which lists a few keys. */
const MAX_AUTH_INFO = 64 * 1024;

const METHODS: ReadonlySet<string> = new Set<AuthMethod>(["publickey", "password", "keyboard-interactive", "none"]);

/**
 * The peer, as sshd describes it in the environment: the user, which sshd has verified, is that of this process, the address is from `SSH_CONNECTION`,
 * and the key is from the file that `SSH_USER_AUTH` names (`ExposeAuthInfo yes` in sshd_config(5)). Other fields are absent.
 * A certificate may reduce `scopes`.
 */
export function stdioPeer(env: NodeJS.ProcessEnv, scopes: readonly string[]): Peer {
  const address = addressFrom(env["SSH_CONNECTION"]);
  const user = userName(env);
  return {
    user,
    principal: user,
    scopes,
    ...authFrom(env["SSH_USER_AUTH"], scopes),
    ...(address !== undefined && { address }),
  };
}

/** The user of the process: sshd may accept a USER variable from the client. */
function userName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    // The uid has no name on this system.
    return env["USER"] ?? String(process.getuid?.() ?? "");
  }
}

/** Client address, client port, server address, server port (ssh(1)). */
function addressFrom(connection = ""): string | undefined {
  const [host, port] = connection.split(" ");
  const number = readPort(port);
  return host && number !== undefined ? formatHostPort(host, number) : undefined;
}

/** Parses one line for each method that succeeded, with the key of `publickey` (`ExposeAuthInfo` in sshd_config(5)). */
function authFrom(file: string | undefined, scopes: readonly string[]): Partial<Peer> {
  const lines = file === undefined ? [] : readAuthInfo(file).split("\n");
  const words = lines.map((line) => line.split(" "));
  const authMethods = words.flatMap(([method = ""]) => (METHODS.has(method) ? [method as AuthMethod] : []));
  const [, type, blob] = words.find(([method]) => method === "publickey") ?? [];
  return {
    ...(authMethods.length > 0 && { authMethods }),
    ...(type !== undefined && blob !== undefined && keyFrom(type, Buffer.from(blob, "base64"), scopes)),
  };
}

/** The fields of a key that sshd has verified; for a certificate with its authority, validity and principals. */
function keyFrom(type: string, blob: Buffer, scopes: readonly string[]): Partial<Peer> {
  if (!isCertificateType(type)) {
    const key = publicKeyFromBlob(blob);
    return key === undefined ? {} : { fingerprint: key.fingerprint };
  }
  const certificate = parseCertificate(blob);
  return {
    fingerprint: certificate.key.fingerprint,
    keyName: printable(certificate.keyId),
    certificate: describeCertificate(certificate),
    scopes: certifiedScopes(certificate, scopes),
  };
}

/** Empty where the file is missing, or is not sshd's, which only this user can access. */
function readAuthInfo(file: string): string {
  try {
    const { uid, mode, size } = statSync(file);
    const isPrivate = uid === process.getuid?.() && (mode & 0o077) === 0;
    return isPrivate && size <= MAX_AUTH_INFO ? readFileSync(file, "utf8") : "";
  } catch {
    return "";
  }
}
