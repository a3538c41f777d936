import { isIPv6 } from "node:net";

/** The address of a peer without its port: of `192.0.2.7:50122`, or of `[2001:db8::7]:50122`. */
export function hostOf(address: string): string {
  return isIPv6(address) ? address : address.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1");
}
