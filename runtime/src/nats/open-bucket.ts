import type { KV, KvOptions } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { OptionError } from "../base/check-options.js";
import { toBadRequest } from "../contract/option-errors.js";
import { loadPeer } from "../observe/load-peer.js";

/** Milliseconds for one request to JetStream. */
const REQUEST_TIMEOUT = 2000;

/**
 * Opens a key-value bucket, or makes it.
 * @param options of a new one
 * @throws RpcError BAD_REQUEST for an invalid name; Error that names the package to install, or why NATS refuses
 */
export async function openBucket(nats: NatsConnection, name: string, options: Partial<KvOptions>): Promise<KV> {
  if (!/^[\w-]{1,64}$/.test(name))
    throw toBadRequest(new OptionError("option bucket: it takes 1 to 64 letters, digits, _ and -"));
  const { jetstream } = await loadPeer("@nats-io/jetstream", "sshrpc/nats", () => import("@nats-io/jetstream"));
  const { Kvm } = await loadPeer("@nats-io/kv", "sshrpc/nats", () => import("@nats-io/kv"));
  const buckets = new Kvm(jetstream(nats, { timeout: REQUEST_TIMEOUT }));
  // Replicas that answer reads directly may lag behind.
  return buckets.create(name, { ...options, allow_direct: false });
}
