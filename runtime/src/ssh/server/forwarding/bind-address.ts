/**
 * Where to listen for a peer that has asked for `host` (RFC 4254, section 7.1). Without `gatewayPorts` it is on loopback,
 * whatever was asked for, as sshd does it.
 */
export function bindAddress(host: string, gatewayPorts: boolean): string {
  if (host === "::1") return host;
  if (!gatewayPorts || host === "localhost") return "127.0.0.1";
  // Both protocols, where the system has them.
  return host === "" || host === "*" ? "::" : host;
}
