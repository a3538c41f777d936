import type { Server } from "node:net";

/** The descriptor of a server that listens, for processes that inherit it. Node has no public name for it. */
export function listeningDescriptor(server: Server): number | undefined {
  const { fd } = (server as { _handle?: { readonly fd?: number } | null })._handle ?? {};
  // Windows has handles in place of descriptors.
  return fd === undefined || fd < 0 ? undefined : fd;
}
