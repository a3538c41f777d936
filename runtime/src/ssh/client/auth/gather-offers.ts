import { errorMessage } from "../../../base/error-message.js";
import { printable } from "../../../base/printable.js";
import { parseUserCertificate, type UserCertificate } from "../../keys/files/user-certificate.js";
import { fingerprint } from "../../keys/format/fingerprint.js";
import { isCertificateType, publicKeyFromBlob } from "../../keys/format/public-key.js";
import type { Agent, AgentKey } from "../../keys/identity/agent.js";
import type { Identity } from "../../keys/identity/identity.js";
import type { OfferedKey } from "./offered-key.js";

/** The credentials of a client. */
interface OfferSources {
  readonly identities: readonly Identity[];
  /** In addition to those of the identities. */
  readonly certificates: readonly UserCertificate[];
  readonly agent: Agent | undefined;
  /** Whether the agent's other keys are excluded. */
  readonly identitiesOnly: boolean;
}

/** The keys to offer, in order, and the problems of those that cannot be offered. */
export interface Offers {
  readonly keys: readonly OfferedKey[];
  readonly problems: readonly string[];
}

/** A key that can sign; `plain` is the certified key where it is a certificate. */
interface Signer extends OfferedKey {
  readonly plain: Buffer;
}

/**
 * Sorts keys into the order in which ssh offers them: certificates; the agent's keys that are also identities; the agent's other
 * keys; the other identities. The agent is used only where its keys can matter.
 */
export async function gatherOffers(sources: OfferSources): Promise<Offers> {
  const { identities, identitiesOnly, agent } = sources;
  const problems: string[] = [];
  const needsAgent = agent !== undefined && (!identitiesOnly || identities.some(({ locked }) => locked));
  const agentKeys = needsAgent ? await listKeys(agent, problems) : [];

  const isIdentity = ({ plain }: Signer) => identities.some(({ publicKey }) => publicKey.blob.equals(plain));
  const local: Signer[] = [];
  for (const identity of identities) {
    if (agentKeys.some(({ blob }) => blob.equals(identity.publicKey.blob))) continue;
    if (identity.problem === undefined) local.push(fromIdentity(identity));
    else problems.push(identity.problem);
  }
  const others = identitiesOnly ? [] : agentKeys.filter((key) => !isIdentity(key));
  const signers = [...agentKeys.filter(isIdentity), ...others, ...local];
  const certificates = [...sources.certificates, ...identities.flatMap((identity) => identity.certificates)];
  const isCertificate = ({ type }: OfferedKey) => isCertificateType(type);
  return {
    keys: distinct([
      ...certificates.flatMap((certificate) => certify(certificate, signers)),
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
    if (key !== undefined) return { type: key.type, blob, plain: blob, label, isOpen: false, sign };
    const certificate = parseUserCertificate(blob, "agent");
    return { type: certificate.type, blob, plain: certificate.key.blob, label, isOpen: false, sign };
  } catch {
    return undefined;
  }
}

function fromIdentity({ publicKey, source, isOpen = false, sign }: Identity): Signer {
  const { type, blob, fingerprint } = publicKey;
  return { type, blob, plain: blob, label: `${fingerprint} (${source})`, isOpen, sign };
}

/** The certificate with the signer of its key, where there is one. */
function certify({ type, blob, key, source }: UserCertificate, signers: readonly Signer[]): Signer[] {
  const signer = signers.find((candidate) => candidate.blob.equals(key.blob));
  if (signer === undefined) return [];
  return [
    { type, blob, plain: key.blob, label: `${key.fingerprint} (${source})`, isOpen: signer.isOpen, sign: signer.sign },
  ];
}

function distinct(keys: readonly Signer[]): OfferedKey[] {
  return [...new Map(keys.map((key) => [key.blob.toString("base64"), key])).values()];
}
