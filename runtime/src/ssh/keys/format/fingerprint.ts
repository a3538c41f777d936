import { createHash } from "node:crypto";

/** The fingerprint of a public key in SSH's binary form, as OpenSSH prints it: `SHA256:` and base64 without padding. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** Whether `text` is a fingerprint as {@link fingerprint} makes them. */
export function isFingerprint(text: string): boolean {
  return /^SHA256:[A-Za-z0-9+/]{43}$/.test(text);
}
