import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { type ShownCertificate, showCertificate } from "../../keys/files/certificate-file.js";
import { fingerprint } from "../../keys/format/fingerprint.js";
import { isCertificateType, publicKeyFromBlob } from "../../keys/format/public-key.js";
import type { Agent, AgentKey } from "../../keys/identity/agent.js";
import type { Identity } from "../../keys/identity/identity.js";
import type { OfferedKey } from "./offered-key.js";

/** What a client has to log in with. */
export interface OfferSources {
  readonly identities: readonly Identity[];
  /** Beside those that lie beside the identities. */
  readonly certificates: readonly ShownCertificate[];
  readonly agent: Agent | undefined;
  /** Whether the agent's other keys are left alone. */
  readonly identitiesOnly: boolean;
}

/** What to offer, in order, and what went wrong on the way. */
export interface Offers {
  readonly keys: readonly OfferedKey[];
  readonly problems: readonly string[];
}

/** A key that can sign, with the plain key inside where it is a certificate. */
interface Signer extends OfferedKey {
  readonly plain: Buffer;
}

/**
 * Puts keys into the order in which ssh offers them: certificates; the agent's keys that are also among the identities; its
 * other keys; the rest of the identities. The agent is not asked where nothing depends on it.
 */
export async function gatherOffers(sources: OfferSources): Promise<Offers> {
  const { identities, identitiesOnly, agent } = sources;
  const problems: string[] = [];
  const useless = agent === undefined || (identitiesOnly && !identities.some(({ locked }) => locked));
  const held = useless ? [] : await listKeys(agent, problems);

  const isIdentity = ({ plain }: Signer) => identities.some(({ publicKey }) => publicKey.blob.equals(plain));
  const local: Signer[] = [];
  for (const identity of identities) {
    if (held.some(({ blob }) => blob.equals(identity.publicKey.blob))) continue;
    if (identity.problem === undefined) local.push(fromIdentity(identity));
    else problems.push(identity.problem);
  }
  const others = identitiesOnly ? [] : held.filter((key) => !isIdentity(key));
  const signers = [...held.filter(isIdentity), ...others, ...local];
  const shown = [...sources.certificates, ...identities.flatMap(({ certificates }) => certificates)];
  const isCertificate = ({ type }: OfferedKey) => isCertificateType(type);
  return {
    keys: distinct([
      ...shown.flatMap((certificate) => certify(certificate, signers)),
      ...signers.filter(isCertificate),
      ...signers.filter((key) => !isCertificate(key)),
    ]),
    problems,
  };
}

async function listKeys(agent: Agent, problems: string[]): Promise<readonly Signer[]> {
  try {
    return (await agent.list()).flatMap((key) => fromAgent(agent, key) ?? []);
  } catch (error) {
    problems.push(errorMessage(error));
    return [];
  }
}

/** Undefined where the key is damaged. */
function fromAgent(agent: Agent, { blob, comment }: AgentKey): Signer | undefined {
  const label = `${fingerprint(blob)} (${printable(comment === "" ? "agent" : `agent, ${comment}`)})`;
  const sign: Signer["sign"] = (data, algorithm) => agent.sign(blob, data, algorithm);
  try {
    const key = publicKeyFromBlob(blob);
    if (key !== undefined) return { type: key.type, blob, plain: blob, label, sign };
    const certificate = showCertificate(blob, "agent");
    return { type: certificate.type, blob, plain: certificate.key.blob, label, sign };
  } catch {
    return undefined;
  }
}

function fromIdentity({ publicKey, source, sign }: Identity): Signer {
  const { type, blob, fingerprint } = publicKey;
  return { type, blob, plain: blob, label: `${fingerprint} (${source})`, sign };
}

/** The certificate with the key that it certifies, if that is at hand. */
function certify({ type, blob, key, source }: ShownCertificate, signers: readonly Signer[]): Signer[] {
  const signer = signers.find((one) => one.blob.equals(key.blob));
  if (signer === undefined) return [];
  return [{ type, blob, plain: key.blob, label: `${key.fingerprint} (${source})`, sign: signer.sign }];
}

function distinct(keys: readonly Signer[]): OfferedKey[] {
  return [...new Map(keys.map((key) => [key.blob.toString("base64"), key])).values()];
}
