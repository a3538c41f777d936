import { OptionError } from "../../base/check-options.js";
import { errorMessage } from "../../base/error-message.js";
import { type Network, NetworkSet, parseNetwork, unmapNetwork } from "../../base/net/network.js";
import { printable } from "../../base/printable.js";

/**
 * Whether an address is in a list of addresses and networks, such as `10.0.0.0/8`, `192.0.2.7` and `2001:db8::/32`.
 * Entries in IPv4-mapped form, such as `::ffff:192.0.2.7`, match IPv4 addresses.
 * @throws OptionError that names the option and the invalid entry
 */
export function sourceList(option: string, entries: readonly string[]): (address: string) => boolean {
  const networks = new NetworkSet();
  for (const entry of entries) networks.add(unmapNetwork(networkOf(option, String(entry))));
  return (address) => networks.has(address);
}

function networkOf(option: string, entry: string): Network {
  const shown = printable(entry, 60);
  let network: Network | undefined;
  try {
    network = parseNetwork(entry, shown);
  } catch (error) {
    throw new OptionError(`option ${option}: ${errorMessage(error)}`, { cause: error });
  }
  if (network !== undefined) return network;
  throw new OptionError(`option ${option}: "${shown}" is not an address or a network such as 10.0.0.0/8`);
}
