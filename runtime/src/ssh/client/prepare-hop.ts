import { errorMessage } from "../../base/error-message.js";
import type { AlgorithmOptions } from "../algorithm-options.js";
import { HYBRID_KEX, offeredKex } from "../algorithms.js";
import { expandHome } from "../keys/files/read-file.js";
import { loadUserCertificate, type UserCertificate } from "../keys/files/user-certificate.js";
import { Agent } from "../keys/identity/agent.js";
import type { Identity, IdentitySource } from "../keys/identity/identity.js";
import { defaultIdentityFiles, loadIdentity } from "../keys/identity/load-identity.js";
import type { Passphrases } from "../keys/identity/passphrase.js";
import { defaultKnownHostsFiles, lookUpKnownHosts } from "../keys/lists/known-hosts.js";
import { loadMlKem } from "../ml-kem/load-ml-kem.js";
import { SshError } from "../ssh-error.js";
import { gatherOffers, type Offers } from "./auth/gather-offers.js";
import type { DialOptions } from "./dial-options.js";
import { type Hop, pinsOf } from "./route.js";
import type { HostTrust } from "./trust/host-trust.js";
import { HostVerifier } from "./trust/host-verifier.js";

/** The user's answers, kept for later connections. */
export interface DialCache {
  readonly passphrases: Passphrases;
  /** Fingerprints of the host keys that the user has accepted. */
  readonly accepted: Set<string>;
}

/** Loads known_hosts, or the pinned fingerprints, of one hop. */
export async function prepareVerifier({ target, options, config }: Hop, cache: DialCache): Promise<HostVerifier> {
  const { host, port } = target;
  const pins = pinsOf(options.hostKey);
  return new HostVerifier(host, port, pins === undefined ? await loadTrust() : { fingerprints: pins });

  async function loadTrust(): Promise<HostTrust> {
    const files = toList(options.knownHosts) ?? config.knownHosts ?? defaultKnownHostsFiles();
    const alias = options.hostKeyAlias ?? config.hostKeyAlias;
    return {
      knownHosts: await lookUpKnownHosts(files, host, port, alias).catch(unauthenticated),
      policy: options.hostKey as "strict",
      alias,
      hashed: options.hashKnownHosts ?? false,
      learn: options.updateHostKeys ?? false,
      accepted: cache.accepted,
    };
  }
}

/**
 * Loads the keys to offer to a hop, and lists those of the agent. An unusable key that an option names is an error; other
 * unusable keys are listed as problems.
 */
export async function prepareOffers(hop: Hop, { passphrases }: DialCache, signal: AbortSignal): Promise<Offers> {
  const { options, config } = hop;
  const problems: string[] = [];
  const identities: Identity[] = [];
  const sources = identitySources(options.identity);
  for (const source of sources ?? config.identities ?? defaultIdentityFiles()) {
    try {
      identities.push(await loadIdentity(source, passphrases));
    } catch (error) {
      if (sources !== undefined) unauthenticated(error as Error);
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") problems.push(errorMessage(error));
    }
  }
  const certificates: UserCertificate[] = [];
  for (const file of toList(options.certificate) ?? config.certificates ?? []) {
    try {
      certificates.push(await loadUserCertificate(file));
    } catch (error) {
      if (options.certificate !== undefined) unauthenticated(error as Error);
      problems.push(errorMessage(error));
    }
  }
  const agent = agentSocket(options, config.agent);
  const offers = await gatherOffers({
    identities,
    certificates,
    agent: agent === undefined ? undefined : new Agent(agent, signal),
    identitiesOnly: options.identitiesOnly ?? (sources !== undefined || config.identitiesOnly === true),
  });
  const [problem] = offers.problems;
  if (sources !== undefined && offers.keys.length === 0 && problem !== undefined) unauthenticated(new Error(problem));
  return { keys: offers.keys, problems: [...problems, ...offers.problems] };
}

/** Loads ML-KEM where the client offers it. */
export async function prepareKex(algorithms: AlgorithmOptions | undefined): Promise<void> {
  if (!offeredKex(algorithms).includes(HYBRID_KEX)) return;
  await loadMlKem().catch((error: unknown) => {
    throw new SshError("unavailable", `cannot load ML-KEM: ${errorMessage(error)}`, { cause: error });
  });
}

function agentSocket({ agent }: DialOptions, configured: string | false | undefined): string | undefined {
  // OpenSSH for Windows has its agent at a fixed path.
  const fallback = process.platform === "win32" ? "\\\\.\\pipe\\openssh-ssh-agent" : undefined;
  const socket = agent ?? configured ?? process.env["SSH_AUTH_SOCK"] ?? fallback;
  if (socket === undefined || socket === false || socket === "") return undefined;
  try {
    return expandHome(socket, "agent socket");
  } catch (error) {
    return unauthenticated(error as Error);
  }
}

function identitySources(identity: DialOptions["identity"]): readonly IdentitySource[] | undefined {
  return identity === undefined ? undefined : ([identity].flat() as readonly IdentitySource[]);
}

function toList(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof value === "string" ? [value] : value;
}

function unauthenticated(error: Error): never {
  throw new SshError("unauthenticated", error.message, { cause: error });
}
