import { CHANNEL_REFUSAL } from "../channels/refuse-channel.js";
import { type ChannelManager, type ChannelState, type Protocol, wrapHandler } from "../internals.js";

/**
 * The smallest packet size that a peer may ask for (RFC 4254, section 5.1). With 0, ssh2 loops forever (Channel.js:168), and
 * with 1 for seconds.
 */
const MIN_PACKET = 1024;

/**
 * The largest packets that are sent, even if a peer asks for larger ones: every peer must accept this size (RFC 4253,
 * section 6.1). Only a PacketChannel sends larger ones, on request.
 */
const MAX_PACKET = 32_768;

/** The largest window (RFC 4254, section 5.2). */
const MAX_WINDOW = 2 ** 32 - 1;

interface OpenInfo {
  packetSize: number;
  /** Passed to the listener of the channel's event, where the peer opens it. */
  readonly data?: object;
}

/** A request to open a channel, which ssh2 passes on even where it is truncated. */
interface OpenRequest extends Partial<OpenInfo> {
  /** The number of the channel at the peer that opens it. */
  readonly sender?: number;
}

interface ChannelGuardConfig {
  /** Ends the connection at once, with the reason for the log. */
  readonly abort: (reason: string) => void;
  /** A channel was refused, with this reason for the peer and the log. */
  readonly refused: (reason: string) => void;
}

const requestedSizes = new WeakMap<object, number>();

/**
 * The packet size that a peer asked for when it opened a channel; ssh2 sees at most 32 KiB.
 * @param data the details that ssh2 announces the channel with
 */
export function requestedPacketSize(data: object): number | undefined {
  return requestedSizes.get(data);
}

/**
 * Checks the packet sizes, windows and data of a peer's channels, which ssh2 trusts: it keeps any packet size
 * (server.js:208), delivers data beyond the window (server.js:737), and adds up window adjustments without a limit
 * (server.js:767; client.js:534 to 617). Works on either side. test/faults/guard/channels.test.ts notices a change.
 */
export function guardChannels(
  protocol: Protocol,
  channels: ChannelManager,
  { abort, refused }: ChannelGuardConfig,
): void {
  const stateOf = (id: number): ChannelState | undefined => {
    const channel = channels.get(id) as (Partial<ChannelState> & { readonly _chanInfo?: ChannelState }) | undefined;
    const state = channel?._chanInfo ?? channel;
    return state?.incoming && (state as ChannelState);
  };
  const checkSize = (info: OpenInfo): string | undefined => {
    if (!(info.packetSize >= MIN_PACKET)) {
      return `packet size of ${info.packetSize} bytes is below the minimum of ${MIN_PACKET} bytes`;
    }
    if (info.data !== undefined) requestedSizes.set(info.data, info.packetSize);
    info.packetSize = Math.min(info.packetSize, MAX_PACKET);
    return undefined;
  };
  const checkData = (id: number, data: Buffer): string | undefined => {
    const window = stateOf(id)?.incoming.window ?? data.length;
    return data.length > window ? `${data.length} bytes of data exceed the window of ${window} bytes` : undefined;
  };
  const checkAdjust = (id: number, amount: number): string | undefined => {
    const window = (stateOf(id)?.outgoing.window ?? 0) + amount;
    return window > MAX_WINDOW ? `window of ${window} bytes exceeds the maximum of ${MAX_WINDOW} bytes` : undefined;
  };

  const checkFirst = <Args extends readonly unknown[]>(message: string, check: (...args: Args) => string | undefined) =>
    wrapHandler<Args>(protocol, message, (next) => (self, ...args) => {
      const reason = check(...args);
      if (reason !== undefined) abort(reason);
      else next(self, ...args);
    });
  // A channel of this size is refused; the others are unaffected.
  wrapHandler<[info: OpenRequest]>(protocol, "CHANNEL_OPEN", (next) => (self, info) => {
    if (info.sender === undefined || info.packetSize === undefined) return abort("truncated channel open");
    const reason = checkSize(info as OpenInfo);
    if (reason === undefined) return next(self, info);
    refused(reason);
    return protocol.channelOpenFail(info.sender, CHANNEL_REFUSAL.resourceShortage, reason);
  });
  checkFirst("CHANNEL_OPEN_CONFIRMATION", checkSize);
  checkFirst("CHANNEL_DATA", checkData);
  checkFirst("CHANNEL_EXTENDED_DATA", checkData);
  checkFirst("CHANNEL_WINDOW_ADJUST", checkAdjust);
}
