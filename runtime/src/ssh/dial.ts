import type { Duplex } from "node:stream";
import { RpcError } from "../contract/rpc-error.js";
import type { Transport } from "../transport.js";
import { KeyOffers } from "./auth/key-offers.js";
import { type DialChannel, SUBSYSTEM_CHANNEL } from "./dial-channel.js";
import { dialConnection } from "./dial-connection.js";
import type { DialOptions } from "./dial-options.js";
import { type HostTrust, HostVerifier, parsePins } from "./host-verifier.js";
import { loadDefaultIdentities, loadIdentity } from "./keys/identity.js";
import { defaultKnownHostsFiles, lookUpKnownHosts } from "./keys/known-hosts.js";
import type { Passphrase } from "./keys/passphrase.js";
import { formatTarget, parseTarget, type Target } from "./target.js";

/**
 * A transport over SSH: each duplex is the subsystem `sshrpc` on a connection of its own, which ends with it. The host
 * key is always checked: there is no option that accepts any.
 * @param target Such as `ssh://alice@edge:8022`, `alice@edge` or `[::1]:8022`. The port defaults to 22.
 * @throws RpcError `BAD_REQUEST`, where the target or an option cannot be understood. What `open` rejects with is said at
 * {@link Transport}; keys that cannot be read are `UNAUTHENTICATED`.
 */
export function sshTransport(target: string, options: DialOptions = {}): Transport {
  const { address, dial } = dialer(target, options);
  return { address, open: (signal) => dial(SUBSYSTEM_CHANNEL, signal) };
}

/** Makes SSH connections to one host, each with one channel of any kind. */
export interface Dialer {
  readonly to: Target;
  /** Where it leads, for messages. */
  readonly address: string;
  /** Rejects as {@link Transport}'s `open` does. */
  dial<Opened extends Duplex>(channel: DialChannel<Opened>, signal?: AbortSignal): Promise<Opened>;
}

/** See {@link sshTransport}. */
export function dialer(target: string, options: DialOptions = {}): Dialer {
  const to = parseTarget(target);
  const pins = options.hostKey === undefined ? undefined : parsePins(toList(options.hostKey));
  const passphrase = askOnce(options.passphrase);
  return {
    to,
    address: formatTarget(to),
    async dial(channel, signal) {
      const prepared = Promise.all([loadTrust(to, options, pins), loadOffers(to, options, passphrase)]);
      const [trust, offers] = await untilAborted(prepared, signal);
      const settings = {
        offers,
        verifier: new HostVerifier(to.host, to.port, trust),
        knownTypes: "knownHosts" in trust ? trust.knownHosts.known.map(({ key }) => key.type) : [],
        connectTimeout: options.connectTimeout ?? 10_000,
        keepaliveInterval: options.keepaliveInterval ?? 15_000,
        keepaliveMisses: options.keepaliveMisses ?? 3,
        signal,
      };
      return dialConnection(to, settings, channel);
    },
  };
}

async function loadTrust(to: Target, options: DialOptions, pins: readonly string[] | undefined): Promise<HostTrust> {
  if (pins !== undefined) return { fingerprints: pins };
  const files = options.knownHosts === undefined ? defaultKnownHostsFiles() : toList(options.knownHosts);
  return { knownHosts: await lookUpKnownHosts(files, to.host, to.port).catch(unauthenticated) };
}

async function loadOffers(to: Target, options: DialOptions, passphrase: Passphrase | undefined): Promise<KeyOffers> {
  const { identity } = options;
  if (identity === undefined) {
    const agent = options.agent ?? process.env["SSH_AUTH_SOCK"];
    const defaults = await loadDefaultIdentities(passphrase);
    return new KeyOffers({ user: to.user, ...defaults, ...(agent ? { agent } : {}) });
  }
  const sources = typeof identity === "object" && "privateKey" in identity ? [identity] : toList(identity);
  const identities = [];
  for (const source of sources) identities.push(await loadIdentity(source, passphrase).catch(unauthenticated));
  return new KeyOffers({ user: to.user, identities, problems: [] });
}

function toList(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}

function unauthenticated(error: Error): never {
  throw new RpcError("UNAUTHENTICATED", error.message, { cause: error });
}

/** A client that connects again must not ask its user again. */
function askOnce(passphrase: Passphrase | undefined): Passphrase | undefined {
  if (typeof passphrase !== "function") return passphrase;
  const answers = new Map<string, Promise<string>>();
  return (file) => {
    const known = answers.get(file) ?? Promise.resolve(passphrase(file));
    answers.set(file, known);
    return known;
  };
}

/** Preparing may wait for a person; the caller need not. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  promise.catch(() => {});
  let stop: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new RpcError("CANCELLED", "the attempt to connect was cancelled", { cause: signal.reason }));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
