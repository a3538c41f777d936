/**
 * A copy with memory of its own, for bytes that are kept. `Buffer.from` and `Buffer.concat` place small copies in a slab that others
 * share: 64 KiB on Node 24, and one copy that is kept keeps all of it.
 */
export function copyBytes(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
