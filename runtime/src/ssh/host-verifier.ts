import { RpcError } from "../contract/rpc-error.js";
import { fingerprint, isFingerprint } from "./keys/fingerprint.js";
import { type KnownHost, type KnownHosts, knownHostsName } from "./keys/known-hosts.js";
import { type PublicKey, publicKeyFromBlob, publicKeyLine, sameKey } from "./keys/public-key.js";
import { formatHostPort } from "./target.js";

/** What a host key is checked against: what known_hosts says of the host, or the fingerprints that the caller expects. */
export type HostTrust = { readonly knownHosts: KnownHosts } | { readonly fingerprints: readonly string[] };

/**
 * Checks the pins of the option `hostKey`.
 * @throws RpcError `BAD_REQUEST`, where one is no SHA-256 fingerprint, or there are none.
 */
export function parsePins(pins: readonly string[]): readonly string[] {
  const normal = pins.map((pin) => pin.replace(/=+$/, ""));
  const bad = normal.findIndex((pin) => !isFingerprint(pin));
  if (bad !== -1 || normal.length === 0) {
    const what = bad === -1 ? "it is empty" : `"${pins[bad]}" is not one`;
    throw new RpcError(
      "BAD_REQUEST",
      `hostKey takes fingerprints such as SHA256:… (see \`ssh-keygen -lf FILE\`): ${what}`,
    );
  }
  return normal;
}

/**
 * Decides on the host keys that one connection presents, strictly: nothing is trusted at first sight. A connection that
 * changes its keys (RFC 4253, section 9) must present the same host key again.
 */
export class HostVerifier {
  readonly #host: string;
  readonly #port: number;
  readonly #trust: HostTrust;
  #accepted: PublicKey | undefined;
  #refusal: RpcError | undefined;

  constructor(host: string, port: number, trust: HostTrust) {
    this.#host = host;
    this.#port = port;
    this.#trust = trust;
  }

  /** Why the key was refused: an RpcError `UNAUTHENTICATED`; undefined while none was. */
  get refusal(): RpcError | undefined {
    return this.#refusal;
  }

  /** Whether the host may go on with this key, in SSH's binary form. */
  verify(blob: Buffer): boolean {
    const key = publicKeyFromBlob(Buffer.from(blob));
    const reason =
      key === undefined
        ? `${this.#where} presents a host key that is damaged`
        : this.#accepted !== undefined
          ? this.#checkAgain(this.#accepted, key)
          : "fingerprints" in this.#trust
            ? this.#checkPins(this.#trust.fingerprints, key)
            : this.#checkKnown(this.#trust.knownHosts, key);
    if (reason !== undefined) {
      this.#refusal = new RpcError("UNAUTHENTICATED", reason);
      return false;
    }
    this.#accepted = key;
    return true;
  }

  get #where(): string {
    return formatHostPort(this.#host, this.#port);
  }

  #checkAgain(accepted: PublicKey, key: PublicKey): string | undefined {
    if (sameKey(accepted, key)) return undefined;
    return `${this.#where} presented another host key (${offer(key)}) in the middle of the connection: somebody may be listening in`;
  }

  #checkPins(pins: readonly string[], key: PublicKey): string | undefined {
    if (pins.includes(fingerprint(key.blob))) return undefined;
    return `host key mismatch: ${this.#where} offers ${offer(key)}, expected ${pins.join(" or ")}; somebody may be listening in, or the key was just changed`;
  }

  #checkKnown({ files, known, revoked, authorities }: KnownHosts, key: PublicKey): string | undefined {
    const isKey = (entry: KnownHost) => sameKey(entry.key, key);
    const ban = revoked.find(isKey);
    if (ban)
      return `host key revoked: ${this.#where} offers ${offer(key)}, which ${place(ban)} marks @revoked; do not connect`;
    if (known.some(isKey)) return undefined;
    return known.length > 0 ? this.#changed(known, key) : this.#unknown(files, authorities, key);
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
      `\`ssh-keygen -f ${quote(file)} -R ${quote(this.#name)}\` and add the line: ${this.#name} ${publicKeyLine(key)}`
    );
  }

  #unknown(files: readonly string[], authorities: readonly KnownHost[], key: PublicKey): string {
    const [authority] = authorities;
    const note = authority
      ? ` (${place(authority)} lists an authority for it, but host certificates are not supported)`
      : "";
    return (
      `unknown host: ${this.#where} offers ${offer(key)}, and no key of it is in ${files.join(" or ") || "any file"}${note}. ` +
      `If its operator confirms this fingerprint, add this line to ${files[0] ?? "a known_hosts file"}: ` +
      `${this.#name} ${publicKeyLine(key)}`
    );
  }

  get #name(): string {
    return knownHostsName(this.#host, this.#port);
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
