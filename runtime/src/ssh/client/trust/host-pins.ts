import { printable } from "../../../base/printable.js";
import { isFingerprint } from "../../keys/format/fingerprint.js";
import { SshError } from "../../ssh-error.js";

/**
 * Checks the fingerprints of the option `hostKey`.
 * @throws SshError `bad-request` where the list is empty, or an entry is not a SHA-256 fingerprint
 */
export function parsePins(pins: readonly string[]): readonly string[] {
  const normal = pins.map((pin) => String(pin).replace(/=+$/, ""));
  const bad = normal.findIndex((pin) => !isFingerprint(pin));
  if (bad !== -1 || normal.length === 0) {
    const what = bad === -1 ? "an empty list" : `"${printable(String(pins[bad]))}"`;
    throw new SshError(
      "bad-request",
      `invalid option hostKey: ${what}; it takes "strict", "accept-new", a function, or fingerprints such as SHA256:… (see \`ssh-keygen -lf FILE\`)`,
    );
  }
  return normal;
}
