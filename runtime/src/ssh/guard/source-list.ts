import { BlockList, isIPv4, isIPv6 } from "node:net";
import { printable } from "../../printable.js";

/**
 * Whether an address is in a list of addresses and networks, such as `10.0.0.0/8`, `192.0.2.7` and `2001:db8::/32`.
 * @throws Error that names the option and the entry that is none of these
 */
export function sourceList(option: string, entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits, ...rest] = String(entry).split("/");
    const version = isIPv4(address) ? 4 : isIPv6(address) ? 6 : undefined;
    const width = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
    if (version === undefined || prefix < 0 || prefix > width || rest.length > 0) {
      throw new Error(
        `the option ${option} names "${printable(entry, 60)}", which is neither an address nor a network such as 10.0.0.0/8`,
      );
    }
    list.addSubnet(address, prefix, `ipv${version}`);
  }
  return (address) => list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}
