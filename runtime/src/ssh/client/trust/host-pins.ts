import { printable } from "../../../base/printable.js";
import { RpcError } from "../../../contract/rpc-error.js";
import { isFingerprint } from "../../keys/format/fingerprint.js";

/**
 * Checks the pins of the option `hostKey`.
 * @throws RpcError `BAD_REQUEST`, where one is no SHA-256 fingerprint, or there are none.
 */
export function parsePins(pins: readonly string[]): readonly string[] {
  const normal = pins.map((pin) => String(pin).replace(/=+$/, ""));
  const bad = normal.findIndex((pin) => !isFingerprint(pin));
  if (bad !== -1 || normal.length === 0) {
    const what = bad === -1 ? "it is empty" : `"${printable(String(pins[bad]))}" is not one`;
    throw new RpcError(
      "BAD_REQUEST",
      `hostKey takes strict, accept-new, a function, or fingerprints such as SHA256:… (see \`ssh-keygen -lf FILE\`): ${what}`,
    );
  }
  return normal;
}
