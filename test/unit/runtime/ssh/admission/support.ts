/** A header of the PROXY protocol, version 2. */
export function proxyHeaderV2({
  version = 2,
  command = 1,
  family,
  addresses,
}: {
  version?: number;
  command?: number;
  family: number;
  addresses: readonly number[];
}): Buffer {
  const head = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
  const rest = addresses.length;
  return Buffer.from([...head, (version << 4) | command, family, rest >> 8, rest & 0xff, ...addresses]);
}
