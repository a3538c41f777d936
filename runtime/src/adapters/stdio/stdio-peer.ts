import { readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { formatHostPort, readPort } from "../../base/host-port.js";
import type { AuthMethod, Peer } from "../../base/peer.js";
import { printable } from "../../base/printable.js";
import { parseCertificate } from "../../ssh/keys/format/certificate.js";
import { isCertificateType, publicKeyFromBlob } from "../../ssh/keys/format/public-key.js";
import { certifiedScopes, describeCertificate } from "../../ssh/server/auth/certificate.js";

/** Bytes of what sshd tells of an authentication: a few keys. */
const MAX_AUTH_INFO = 64 * 1024;

const METHODS: ReadonlySet<string> = new Set<AuthMethod>(["publickey", "password", "keyboard-interactive", "none"]);

/**
 * Who is at the other end, as sshd says in the environment of what it starts: the user is the one that this process runs
 * as, the address comes from `SSH_CONNECTION`, and the key from the file that `SSH_USER_AUTH` names, where sshd_config(5)
 * has `ExposeAuthInfo yes`. What sshd does not say is absent. A certificate may ask for less than `scopes`.
 */
export function stdioPeer(env: NodeJS.ProcessEnv, scopes: readonly string[]): Peer {
  const address = addressFrom(env["SSH_CONNECTION"]);
  return {
    user: userName(env),
    scopes,
    ...authFrom(env["SSH_USER_AUTH"], scopes),
    ...(address !== undefined && { address }),
  };
}

/** Of the process, for a client may have been allowed to send a USER of its own. */
function userName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    // This uid has no name here.
    return env["USER"] ?? String(process.getuid?.() ?? "");
  }
}

/** Client address, client port, server address, server port (ssh(1)). */
function addressFrom(connection = ""): string | undefined {
  const [host, port] = connection.split(" ");
  const number = readPort(port);
  return host && number !== undefined ? formatHostPort(host, number) : undefined;
}

/** One line for each method that succeeded, a key with what it proved (`ExposeAuthInfo` in sshd_config(5)). */
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

/** sshd has checked it, a certificate with its authority, its time and its principals. */
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

/** Empty where it is not there, or is none of sshd's: that one belongs to this user alone. */
function readAuthInfo(file: string): string {
  try {
    const { uid, mode, size } = statSync(file);
    const own = uid === process.getuid?.() && (mode & 0o077) === 0;
    return own && size <= MAX_AUTH_INFO ? readFileSync(file, "utf8") : "";
  } catch {
    return "";
  }
}
