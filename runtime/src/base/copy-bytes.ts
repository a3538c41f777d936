/**
 * Copies bytes into separate memory. `Buffer.from` and `Buffer.concat` place small copies in a shared slab (64 KiB on Node
 * 24), and one retained copy retains the whole slab.
 */
export function copyBytes(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
