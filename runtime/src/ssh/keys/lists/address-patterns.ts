import { isIP } from "node:net";
import { isMalformedIpv4, NetworkSet, parseNetwork } from "../../../base/net/network.js";
import { printable } from "../../../base/printable.js";
import { matchesWildcard } from "./wildcard.js";

/** Bounds the work for a hostile file. */
const MAX_ENTRIES = 1000;

/**
 * A comma-separated pattern list of source addresses, as the option `from` of sshd(8): addresses, networks such as `192.0.2.0/24`
 * or `2001:db8::/32`, and wildcards such as `192.0.2.*`; a leading `!` excludes. Host names are never resolved, as in sshd by
 * default (`UseDNS no`). At most 1,000 entries.
 */
export class AddressPatterns {
  /** Entries that are host names, which never match. */
  readonly names: readonly string[];
  readonly #text: string;
  readonly #included = new AddressSet();
  readonly #excluded = new AddressSet();

  /**
   * @throws Error of one line, where an entry is invalid, or excludes a host name, which cannot be enforced
   */
  constructor(list: string) {
    const entries = list.split(",", MAX_ENTRIES + 1);
    if (entries.length > MAX_ENTRIES) throw new Error(`more than ${MAX_ENTRIES} entries`);
    for (const entry of entries) {
      if (entry.startsWith("!")) this.#exclude(entry);
      else this.#included.add(entry, entry);
    }
    this.#text = list;
    this.names = entries.filter((entry) => !isAddressPattern(entry));
  }

  /** Whether a connection from `address`, such as `192.0.2.7` or `2001:db8::1`, matches the list. */
  allows(address: string): boolean {
    const plain = address.toLowerCase().replace(/%.*$/s, "");
    return isIP(plain) !== 0 && this.#included.has(plain) && !this.#excluded.has(plain);
  }

  /** The list as written. */
  toString(): string {
    return this.#text;
  }

  #exclude(entry: string): void {
    const body = entry.slice(1);
    if (!isAddressPattern(body)) {
      throw new Error(`"${printable(entry, 60)}" excludes a host name, and names are not resolved; use its address`);
    }
    this.#excluded.add(body, entry);
  }
}

/** The entries of one kind. */
class AddressSet {
  readonly #networks = new NetworkSet();
  readonly #patterns: string[] = [];

  /** @param shown the entry as written, for messages */
  add(text: string, shown: string): void {
    const body = text.toLowerCase();
    const network = parseNetwork(body, shown);
    if (network !== undefined) this.#networks.add(network);
    else if (/^[^\s/]+$/.test(body) && !isMalformedIpv4(body)) this.#patterns.push(body);
    else {
      throw new Error(
        `invalid entry "${printable(shown, 60)}"; it takes an address, a network or a pattern, such as 192.0.2.0/24 or 192.0.2.*`,
      );
    }
  }

  has(address: string): boolean {
    return this.#networks.has(address) || this.#patterns.some((pattern) => matchesWildcard(pattern, address));
  }
}

/** Whether an entry is a pattern of addresses, not a host name: it consists of digits, separators and wildcards. */
function isAddressPattern(text: string): boolean {
  return /^!?[0-9a-f:.*?/]*$/i.test(text);
}
