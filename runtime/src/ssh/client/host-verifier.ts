import { RpcError } from "../../contract/rpc-error.js";
import { addKnownHost } from "../keys/add-known-host.js";
import { BinaryReader } from "../keys/binary-reader.js";
import { type Certificate, parseCertificate } from "../keys/certificate.js";
import { fingerprint } from "../keys/fingerprint.js";
import { objectionToHostCertificate } from "../keys/host-certificate.js";
import { type KnownHost, type KnownHosts, knownHostsName } from "../keys/known-hosts.js";
import { isCertificateType, type PublicKey, publicKeyFromBlob, publicKeyLine, sameKey } from "../keys/public-key.js";
import { formatHostPort } from "../target.js";
import type { HostTrust, KnownTrust } from "./host-trust.js";
import type { HostKeyDecision } from "./host-trust-options.js";

/** A key, what speaks against it, and whether it would change what is known. */
interface Doubt {
  readonly key: PublicKey;
  readonly reason: "unknown" | "changed";
  readonly message: string;
}

const NOTHING: KnownHosts = {
  files: [],
  known: [],
  revoked: [],
  authorities: [],
  portless: { known: [], revoked: [], authorities: [] },
};

/**
 * Decides on the host keys that one connection presents. Nothing is trusted at first sight, unless the policy says so. A
 * connection that changes its keys (RFC 4253, section 9) must present the same host key again, and nobody is asked twice.
 */
export class HostVerifier {
  readonly #host: string;
  readonly #port: number;
  readonly #pins: readonly string[] | undefined;
  readonly #known: KnownTrust;
  #accepted: PublicKey | undefined;
  #refusal: RpcError | undefined;
  #toAdd: PublicKey | undefined;
  #certified: PublicKey | undefined;

  constructor(host: string, port: number, trust: HostTrust) {
    this.#host = host;
    this.#port = port;
    this.#pins = "fingerprints" in trust ? trust.fingerprints : undefined;
    this.#known = "fingerprints" in trust ? { knownHosts: NOTHING } : trust;
  }

  /** Why the key was refused: an RpcError `UNAUTHENTICATED`; undefined while none was. */
  get refusal(): RpcError | undefined {
    return this.#refusal;
  }

  /** The key in the certificate that was presented last; undefined where it was no certificate. */
  get certified(): PublicKey | undefined {
    return this.#certified;
  }

  /** Types of the host keys that are known: the host should present one of these. */
  get knownTypes(): readonly string[] {
    const { known, portless } = this.#known.knownHosts;
    return (known.length > 0 ? known : portless.known).map(({ key }) => key.type);
  }

  /** Whether the host is asked for a certificate: an authority for it is known. */
  get wantsCertificate(): boolean {
    const { authorities, portless } = this.#known.knownHosts;
    return authorities.length > 0 || portless.authorities.length > 0;
  }

  /** Whether the host may go on with this key or certificate, in SSH's binary form; a promise only where somebody is asked. */
  verify(blob: Buffer): boolean | Promise<boolean> {
    const certificate = certificateOf(blob);
    this.#certified = certificate?.key;
    const key = certificate?.key ?? publicKeyFromBlob(Buffer.from(blob));
    if (key === undefined) return this.#refuse(`${this.#where} presents a host key that is damaged`);
    if (this.#accepted !== undefined) return this.#checkAgain(this.#accepted, key);
    if (this.#pins !== undefined) return this.#checkPins(this.#pins, key);
    const certified =
      certificate === undefined ? undefined : this.#checkCertificate(this.#known.knownHosts, certificate);
    if (certified !== undefined) return certified;
    const doubt = this.#checkKnown(this.#known.knownHosts, key);
    if (doubt === undefined) return this.#accept(key);
    return typeof doubt === "string" ? this.#refuse(doubt) : this.#resolve(doubt);
  }

  /**
   * To be called once the host has proven that it has the key, before anything else is told: adds the key to known_hosts,
   * where that was decided. Rejects with `refusal` where it cannot: the next connection would know nothing of it.
   */
  async confirm(): Promise<void> {
    const key = this.#toAdd;
    if (key === undefined) return;
    const { knownHosts, hashed } = this.#known;
    this.#toAdd = undefined;
    try {
      await addKnownHost(this.#name, key, knownHosts.files[0] as string, hashed ?? false);
    } catch (error) {
      this.#refuse((error as Error).message);
      throw this.#refusal;
    }
  }

  #accept(key: PublicKey): true {
    this.#accepted = key;
    return true;
  }

  #refuse(message: string): false {
    this.#refusal = new RpcError("UNAUTHENTICATED", message);
    return false;
  }

  #checkAgain(accepted: PublicKey, key: PublicKey): boolean {
    if (sameKey(accepted, key)) return true;
    return this.#refuse(
      `${this.#where} presented another host key (${offer(key)}) in the middle of the connection: somebody may be listening in`,
    );
  }

  #checkPins(pins: readonly string[], key: PublicKey): boolean {
    if (pins.includes(fingerprint(key.blob))) return this.#accept(key);
    return this.#refuse(
      `host key mismatch: ${this.#where} offers ${offer(key)}, expected ${pins.join(" or ")}; somebody may be listening in, or the key was just changed, or that is the fingerprint of a key of another type: ssh-ed25519 is asked for first`,
    );
  }

  /** Undefined where nothing is known of its authority: then it is no better than the key in it. */
  #checkCertificate({ authorities, revoked, portless }: KnownHosts, certificate: Certificate): boolean | undefined {
    const { authority, key } = certificate;
    const isAuthority = (entry: KnownHost) => sameKey(entry.key, authority);
    const trusted = [...authorities, ...portless.authorities].find(isAuthority);
    if (trusted === undefined) return undefined;
    const shown = `${offer(key)} with a certificate by ${authority.fingerprint}`;
    const ban = [...revoked, ...portless.revoked].find((entry) => isAuthority(entry) || sameKey(entry.key, key));
    if (ban) {
      const banned = isAuthority(ban) ? "the authority" : "the key";
      return this.#refuse(
        `host key revoked: ${this.#where} offers ${shown}; ${place(ban)} marks ${banned} @revoked; do not connect`,
      );
    }
    const objection = objectionToHostCertificate(certificate, this.#known.alias ?? this.#host, Date.now());
    if (objection === undefined) return this.#accept(key);
    return this.#refuse(
      `host certificate refused: ${this.#where} offers ${shown}, which ${place(trusted)} lists, but ${objection}`,
    );
  }

  /** What speaks against the key; a text where nobody may decide otherwise. */
  #checkKnown(
    { files, known, revoked, authorities, portless }: KnownHosts,
    key: PublicKey,
  ): Doubt | string | undefined {
    const isKey = (entry: KnownHost) => sameKey(entry.key, key);
    const ban = [...revoked, ...portless.revoked].find(isKey);
    if (ban) {
      return `host key revoked: ${this.#where} offers ${offer(key)}, which ${place(ban)} marks @revoked; do not connect`;
    }
    if (known.some(isKey)) return undefined;
    if (known.length > 0) return { key, reason: "changed", message: this.#changed(known, key) };
    if (portless.known.some(isKey)) return undefined;
    return { key, reason: "unknown", message: this.#unknown(files, authorities, key) };
  }

  #resolve(doubt: Doubt): boolean | Promise<boolean> {
    const { key, message, reason } = doubt;
    const { policy, accepted } = this.#known;
    if (accepted?.has(key.fingerprint)) return this.#accept(key);
    if (typeof policy === "function") return this.#ask(policy, doubt);
    if (policy !== "accept-new" || reason === "changed") return this.#refuse(message);
    return this.#save(key);
  }

  async #ask(decide: HostKeyDecision, { key, message, reason }: Doubt): Promise<boolean> {
    const question = {
      ...{ host: this.#host, port: this.#port, keyType: key.type, fingerprint: key.fingerprint },
      ...{ line: this.#line(key), reason },
    };
    try {
      const decision = await decide(question);
      if (decision !== true && decision !== "save") return this.#refuse(`${message} (refused by the option hostKey)`);
      this.#known.accepted?.add(key.fingerprint);
      return decision === "save" ? this.#save(key) : this.#accept(key);
    } catch (error) {
      return this.#refuse(`the option hostKey failed (${(error as Error).message}): ${message}`);
    }
  }

  #save(key: PublicKey): boolean {
    const { files } = this.#known.knownHosts;
    if (files.length === 0) return this.#refuse(`knownHosts names no file to add ${offer(key)} of ${this.#where} to`);
    this.#toAdd = key;
    return this.#accept(key);
  }

  #changed(known: readonly KnownHost[], key: PublicKey): string {
    const culprits = known.filter((entry) => entry.key.type === key.type);
    const listed = (culprits.length > 0 ? culprits : known)
      .map((entry) => `${place(entry)} has ${entry.key.type} ${entry.key.fingerprint}`)
      .join(", ");
    const file = (culprits[0] ?? known[0])?.file ?? "";
    return (
      `HOST KEY CHANGED: ${this.#where} offers ${offer(key)}, but ${listed}; somebody may be listening in right now, ` +
      "or the key was just changed. If the server's operator confirms the new fingerprint, remove the old key with " +
      `\`ssh-keygen -f ${quote(file)} -R ${quote(this.#name)}\` and add the line: ${this.#line(key)}`
    );
  }

  #unknown(files: readonly string[], authorities: readonly KnownHost[], key: PublicKey): string {
    const [authority] = authorities;
    const note = authority
      ? ` (${place(authority)} lists an authority for it, but it shows no certificate by that; RSA certificates need transport: "openssh")`
      : "";
    return (
      `unknown host: ${this.#where} offers ${offer(key)}, and no key of it is in ${files.join(" or ") || "any file"}${note}. ` +
      `If its operator confirms this fingerprint, add this line to ${files[0] ?? "a known_hosts file"}: ${this.#line(key)}`
    );
  }

  get #where(): string {
    return formatHostPort(this.#host, this.#port);
  }

  get #name(): string {
    return this.#known.alias?.toLowerCase() ?? knownHostsName(this.#host, this.#port);
  }

  #line(key: PublicKey): string {
    return `${this.#name} ${publicKeyLine(key)}`;
  }
}

function certificateOf(blob: Buffer): Certificate | undefined {
  try {
    return isCertificateType(new BinaryReader(blob).text()) ? parseCertificate(Buffer.from(blob)) : undefined;
  } catch {
    return undefined;
  }
}

function offer(key: PublicKey): string {
  return `the ${key.type} key ${key.fingerprint}`;
}

function place(entry: KnownHost): string {
  return `${entry.file}:${entry.line}`;
}

/** For a shell, where it needs quotes. */
function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
