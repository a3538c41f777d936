import { generateKeyPairSync } from "node:crypto";
import ssh2 from "ssh2";

/** A key pair of RSA: the private half as ssh2 reads it, and the line of authorized_keys. */
export function generateRsa(): { readonly privateKey: string; readonly line: string } {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return { privateKey, line: `ssh-rsa ${key.getPublicSSH().toString("base64")}` };
}
