import type { Client } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import type { PublicKey } from "../../keys/format/public-key.js";
import { learnHostKeys } from "../../ssh2/host-keys/learn-host-keys.js";
import type { HostVerifier } from "./host-verifier.js";

/** Adds further host keys that the server announces and proves to known_hosts (UpdateHostKeys of ssh_config(5)), where the verifier wants them. */
export function learnProvenKeys(client: Client, verifier: HostVerifier, debug?: (line: string) => void): void {
  const learn = async (keys: readonly PublicKey[]): Promise<void> => {
    try {
      await verifier.learn(keys);
      debug?.(`added to known_hosts: ${names(keys)}`);
    } catch (error) {
      debug?.(`not added to known_hosts: ${names(keys)}: ${errorMessage(error)}`);
    }
  };
  learnHostKeys(client, {
    wanted: (announced) => verifier.toLearn(announced),
    learn: (proven) => void learn(proven),
    reject: (unproven) => debug?.(`not added to known_hosts: ${names(unproven)}: the server does not prove them`),
  });
}

function names(keys: readonly PublicKey[]): string {
  return keys.map(({ type, fingerprint }) => `${type} ${fingerprint}`).join(", ");
}
