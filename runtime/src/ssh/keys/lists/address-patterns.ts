import { isIP } from "node:net";
import { NetworkSet, parseNetwork } from "../../../base/network.js";
import { printable } from "../../../base/printable.js";
import { matchesWildcard } from "./wildcard.js";

/** As many entries are enough for anybody, and a bound for a hostile file. */
const MAX_ENTRIES = 1000;

/**
 * A comma list of source addresses, as the option `from` of sshd(8) has it: addresses, networks such as
 * `192.0.2.0/24` or `2001:db8::/32`, and wildcards such as `192.0.2.*`; `!` before one excludes what it means, whatever
 * the others say. Names of hosts are never looked up, as in sshd by default (`UseDNS no`). At most a thousand entries.
 */
export class AddressPatterns {
  /** Entries that are names of hosts, and match nobody. */
  readonly names: readonly string[];
  readonly #text: string;
  readonly #included = new AddressSet();
  readonly #excluded = new AddressSet();

  /**
   * @throws Error of one line without the place, where an entry is malformed, or would exclude a host by its name, which
   * cannot be kept
   */
  constructor(list: string) {
    const entries = list.split(",", MAX_ENTRIES + 1);
    if (entries.length > MAX_ENTRIES) throw new Error(`it has more than ${MAX_ENTRIES} entries`);
    for (const entry of entries) {
      if (entry.startsWith("!")) this.#exclude(entry);
      else this.#included.add(entry, entry);
    }
    this.#text = list;
    this.names = entries.filter((entry) => !isAddressPattern(entry));
  }

  /** Whether a connection from `address`, such as `192.0.2.7` or `2001:db8::1`, is within the list. */
  allows(address: string): boolean {
    const plain = address.toLowerCase().replace(/%.*$/s, "");
    return isIP(plain) !== 0 && this.#included.has(plain) && !this.#excluded.has(plain);
  }

  /** As it was written. */
  toString(): string {
    return this.#text;
  }

  #exclude(entry: string): void {
    const body = entry.slice(1);
    if (!isAddressPattern(body)) {
      throw new Error(
        `"${printable(entry, 60)}" excludes a host by its name, and names are not looked up: use its address`,
      );
    }
    this.#excluded.add(body, entry);
  }
}

/** What the entries of one kind mean together. */
class AddressSet {
  readonly #networks = new NetworkSet();
  readonly #patterns: string[] = [];

  /** @param shown the entry as it was written, for messages */
  add(text: string, shown: string): void {
    const body = text.toLowerCase();
    const network = parseNetwork(body, shown);
    if (network !== undefined) this.#networks.add(network);
    else if (/^[^\s/]+$/.test(body)) this.#patterns.push(body);
    else {
      throw new Error(`"${printable(shown, 60)}" is no address, network or pattern such as 192.0.2.0/24 or 192.0.2.*`);
    }
  }

  has(address: string): boolean {
    return this.#networks.has(address) || this.#patterns.some((pattern) => matchesWildcard(pattern, address));
  }
}

/** Whether an entry can mean addresses, and no name: it has digits of either family and wildcards alone. */
function isAddressPattern(text: string): boolean {
  return /^!?[0-9a-f:.*?/]*$/i.test(text);
}
