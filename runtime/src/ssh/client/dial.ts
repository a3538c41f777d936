import type { EventEmitter } from "node:events";
import { printable } from "../../base/printable.js";
import type { Transport } from "../../base/transport.js";
import { RpcError } from "../../contract/rpc-error.js";
import { Passphrases } from "../keys/identity/passphrase.js";
import type { Carrier } from "../ssh2/channels/carrier.js";
import { formatTarget, parseAddress, toTarget } from "../target.js";
import { Login } from "./auth/login.js";
import { checkTimes } from "./check-times.js";
import { Countdown } from "./countdown.js";
import { carrierChannelTo, type DialChannel, SUBSYSTEM_CHANNEL } from "./dial-channel.js";
import type { DialConfig } from "./dial-config.js";
import { dialConnection } from "./dial-connection.js";
import type { DialOptions } from "./dial-options.js";
import type { Dialer } from "./dialer.js";
import { type DialMemory, prepareOffers, prepareVerifier } from "./prepare-hop.js";
import { SshConnector } from "./remote/ssh-connector.js";
import { type Hop, parseJumps, pinsOf, planRoute } from "./route.js";
import { withSignal } from "./with-signal.js";

/**
 * A transport over SSH: each duplex is the subsystem `sshrpc` on a connection of its own, which ends with it. The host
 * key is always checked: there is no option that accepts any.
 * @param target Such as `ssh://alice@edge:8022`, `alice@edge` or `[::1]:8022`; the host may be one of ~/.ssh/config. The port
 * defaults to 22.
 * @throws RpcError `BAD_REQUEST`, where the target or an option cannot be understood. What `open` rejects with is said at
 * {@link Transport}; keys that cannot be read are `UNAUTHENTICATED`.
 */
export function sshTransport(target: string, options: DialOptions = {}): Transport {
  const made = dialer(target, options);
  const { address, dial } = made;
  return { address, open: (signal) => dial(SUBSYSTEM_CHANNEL, signal), ssh: () => new SshConnector(made) };
}

const CANCELLED = "the attempt to connect was cancelled";

/** In milliseconds, but for the misses. */
const CONNECT_TIMEOUT = 10_000;
const KEEPALIVE_INTERVAL = 15_000;
const KEEPALIVE_MISSES = 3;

/** See {@link sshTransport}. */
export function dialer(target: string, options: DialOptions = {}): Dialer {
  const address = parseAddress(target);
  const to = toTarget(address);
  // What can be wrong with options is said at once.
  pinsOf(options.hostKey);
  parseJumps(options.jump);
  checkTimes(options);
  const memory: DialMemory = { passphrases: Passphrases.of(options.passphrase), accepted: new Set() };
  let route: readonly Hop[] | undefined;
  return {
    to,
    address: formatTarget(to),
    async dial(channel, signal) {
      route ??= await withSignal(planRoute(address, options, signal), signal, undefined, CANCELLED);
      return dialRoute(route, memory, channel, signal);
    },
  };
}

/** A hop with all that was read for it. */
interface Leg {
  readonly hop: Hop;
  readonly config: DialConfig;
}

async function dialRoute<Opened extends EventEmitter, Raw>(
  route: readonly Hop[],
  memory: DialMemory,
  channel: DialChannel<Opened, Raw>,
  signal: AbortSignal | undefined,
): Promise<Opened> {
  const countdown = new Countdown(route.at(-1)?.options.connectTimeout ?? CONNECT_TIMEOUT);
  // Preparing may wait for a person; the caller need not.
  const preparing = prepare(route, memory, countdown, signal);
  const legs = await withSignal(preparing, signal, undefined, CANCELLED);
  let carrier: Carrier | undefined;
  for (const [index, { hop, config }] of legs.entries()) {
    const next = legs[index + 1];
    if (next === undefined) return dialConnection(hop.target, { ...config, carrier }, channel);
    const { host, port } = next.hop.target;
    carrier = await dialConnection(hop.target, { ...config, carrier }, carrierChannelTo(host, port)).catch(
      (error: RpcError) => {
        throw new RpcError(error.status, `jump host: ${error.message}`, { cause: error });
      },
    );
  }
  throw new Error("a route has no end");
}

/** Reads everything before anything is connected. */
async function prepare(
  route: readonly Hop[],
  memory: DialMemory,
  countdown: Countdown,
  signal: AbortSignal | undefined,
): Promise<readonly Leg[]> {
  const legs: Leg[] = [];
  for (const hop of route) {
    const { keepaliveInterval = KEEPALIVE_INTERVAL, keepaliveCountMax = KEEPALIVE_MISSES, debug } = hop.options;
    const tell = debug && ((line: string) => debug(`${formatTarget(hop.target)}: ${printable(line, 1000)}`));
    const ended = new AbortController();
    const agentSignal = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
    const [verifier, offers] = await Promise.all([
      prepareVerifier(hop, memory),
      prepareOffers(hop, memory, agentSignal),
    ]);
    const login = new Login({
      account: hop.target,
      options: hop.options,
      offers,
      patiently: (answer) => countdown.pauseFor(answer),
      debug: tell,
    });
    legs.push({
      hop,
      config: {
        ...{ login, verifier, countdown, signal, ended, keepaliveInterval, keepaliveCountMax, debug: tell },
      },
    });
  }
  return legs;
}
