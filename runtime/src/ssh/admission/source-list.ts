import { BlockList, isIPv4 } from "node:net";
import { errorMessage } from "../../base/error-message.js";
import { parseNetwork } from "../../base/network.js";
import { printable } from "../../base/printable.js";

/**
 * Whether an address is in a list of addresses and networks, such as `10.0.0.0/8`, `192.0.2.7` and `2001:db8::/32`.
 * @throws Error that names the option and the entry that is none of these
 */
export function sourceList(option: string, entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const { address, prefix, family } = networkOf(option, String(entry));
    list.addSubnet(address, prefix, family);
  }
  return (address) => list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

function networkOf(option: string, entry: string): NonNullable<ReturnType<typeof parseNetwork>> {
  let network: ReturnType<typeof parseNetwork>;
  try {
    network = parseNetwork(entry, printable(entry, 60));
  } catch (error) {
    throw new Error(`the option ${option}: ${errorMessage(error)}`, { cause: error });
  }
  if (network !== undefined) return network;
  throw new Error(
    `the option ${option} names "${printable(entry, 60)}", which is neither an address nor a network such as 10.0.0.0/8`,
  );
}
