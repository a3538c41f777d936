import type { EventEmitter } from "node:events";
import { anySignal } from "../../base/async/any-signal.js";
import { withSignal } from "../../base/async/with-signal.js";
import { printable } from "../../base/printable.js";
import { clientAlgorithms, offeredKex } from "../algorithms.js";
import { Passphrases } from "../keys/identity/passphrase.js";
import { SshError } from "../ssh-error.js";
import type { Carrier } from "../ssh2/channels/carrier.js";
import { formatTarget, parseAddress, toTarget } from "../target.js";
import { parseProxy } from "./carrier/socks.js";
import { checkTimes } from "./check-times.js";
import { carrierChannelTo, type DialChannel } from "./dial-channel.js";
import type { DialConfig } from "./dial-config.js";
import { dialConnection } from "./dial-connection.js";
import type { DialOptions } from "./dial-options.js";
import type { Dialer, DialerConfig } from "./dialer.js";
import { openCarrier } from "./open-carrier.js";
import { PausableTimer } from "./pausable-timer.js";
import { type DialCache, prepareKex, prepareOffers, prepareVerifier } from "./prepare-hop.js";
import { type Hop, parseJumps, pinsOf, planRoute } from "./route.js";

/** The defaults of {@link DialOptions}; times in milliseconds. */
export const DIAL_DEFAULTS = { connectTimeout: 10_000, keepaliveInterval: 15_000, keepaliveCountMax: 3 } as const;

/**
 * Makes SSH connections to `target`.
 * @param target Such as `ssh://alice@edge:8022`, `alice@edge` or `[::1]:8022`; the host may be an alias of ~/.ssh/config. The
 * port defaults to 22.
 * @throws SshError `bad-request` for an invalid target or option
 */
export function dialer(target: string, options: DialOptions, config: DialerConfig): Dialer {
  const { mapError } = config;
  const address = parseAddress(target);
  const to = toTarget(address);
  // Invalid options fail here, before the first connection.
  pinsOf(options.hostKey);
  parseJumps(options.jump);
  checkTimes(options);
  clientAlgorithms([], options.algorithms);
  offeredKex(options.algorithms);
  if (options.proxy !== undefined) parseProxy(options.proxy);
  const cache: DialCache = { passphrases: Passphrases.of(options.passphrase), accepted: new Set() };
  let route: readonly Hop[] | undefined;
  return {
    to,
    address: formatTarget(to),
    mapError,
    async dial(channel, signal) {
      try {
        route ??= await withSignal(planRoute(address, options, signal), signal, { error: attemptCancelled });
        return await dialRoute({ route, cache, config, signal }, channel);
      } catch (error) {
        throw mapError(error);
      }
    },
  };
}

function attemptCancelled(cause: unknown): SshError {
  return new SshError("cancelled", "the attempt to connect was cancelled", { cause });
}

/** One attempt to connect along a route. */
interface Attempt {
  readonly route: readonly Hop[];
  readonly cache: DialCache;
  readonly config: DialerConfig;
  readonly signal: AbortSignal | undefined;
}

/** A hop with its host keys and user keys loaded. */
interface PreparedHop {
  readonly hop: Hop;
  readonly config: DialConfig;
}

async function dialRoute<Opened extends EventEmitter, Raw extends EventEmitter>(
  attempt: Attempt,
  channel: DialChannel<Opened, Raw>,
): Promise<Opened> {
  // Loading keys may wait for a user; an abort does not.
  const prepared = await withSignal(prepare(attempt), attempt.signal, { error: attemptCancelled });
  const [first] = prepared;
  let carrier: Carrier | undefined = first && (await openCarrier(first.hop, first.config.timer, attempt.signal));
  for (const [index, { hop, config }] of prepared.entries()) {
    const next = prepared[index + 1];
    if (next === undefined) return dialConnection(hop.target, { ...config, carrier }, channel);
    const { host, port } = next.hop.target;
    carrier = await dialConnection(hop.target, { ...config, carrier }, carrierChannelTo(host, port)).catch(
      (error: SshError) => {
        throw new SshError(error.kind, `jump host: ${error.message}`, { cause: error });
      },
    );
  }
  throw new Error("a route needs at least one hop");
}

/** Loads the keys of all hops before the first connection. */
async function prepare({ route, cache, config, signal }: Attempt): Promise<readonly PreparedHop[]> {
  const timer = new PausableTimer(route.at(-1)?.options.connectTimeout ?? DIAL_DEFAULTS.connectTimeout);
  const prepared: PreparedHop[] = [];
  for (const hop of route) {
    const { keepaliveInterval = DIAL_DEFAULTS.keepaliveInterval } = hop.options;
    const { keepaliveCountMax = DIAL_DEFAULTS.keepaliveCountMax } = hop.options;
    const { debug: write } = hop.options;
    const debug = write && ((line: string) => write(`${formatTarget(hop.target)}: ${printable(line, 1000)}`));
    const ended = new AbortController();
    const agentSignal = signal === undefined ? ended.signal : anySignal([signal, ended.signal]);
    const { algorithms } = hop.options;
    const [verifier, offers] = await Promise.all([
      prepareVerifier(hop, cache),
      prepareOffers(hop, cache, agentSignal),
      prepareKex(algorithms),
    ]);
    const login = {
      account: hop.target,
      options: hop.options,
      offers,
      pauseFor: <T>(answer: Promise<T>) => timer.pauseFor(answer),
      debug,
    };
    prepared.push({
      hop,
      config: {
        ...{ ...config, login, verifier, algorithms, timer, signal, ended, debug },
        keepalive: { interval: keepaliveInterval, countMax: keepaliveCountMax },
      },
    });
  }
  return prepared;
}
