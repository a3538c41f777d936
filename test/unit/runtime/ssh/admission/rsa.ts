import ssh2 from "ssh2";
import { takeSigningKey } from "../../../../fixtures/keys.js";

/** A key pair of RSA: the private half as ssh2 reads it, and the line of authorized_keys. */
export function generateRsa(): { readonly privateKey: string; readonly line: string } {
  const privateKey = takeSigningKey("rsa-2048").export({ type: "pkcs1", format: "pem" }).toString();
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return { privateKey, line: `ssh-rsa ${key.getPublicSSH().toString("base64")}` };
}
