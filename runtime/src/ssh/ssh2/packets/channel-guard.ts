import type { ChannelState, Channels, Protocol } from "../internals.js";

/**
 * The smallest packets that a peer may ask for (RFC 4254, section 5.1). With 0, ssh2 would write for ever, and with 1 for
 * seconds.
 */
const MIN_PACKET = 1024;

/**
 * The largest packets that are sent, whatever a peer asks for: what every peer must take (RFC 4253, section 6.1). A
 * PacketChannel alone sends larger ones, where it was asked to.
 */
const MAX_PACKET = 32_768;

/** The largest window (RFC 4254, section 5.2). */
const MAX_WINDOW = 2 ** 32 - 1;

interface OpenInfo {
  packetSize: number;
  /** What ssh2 announces the channel with, where the other side opens it. */
  readonly data?: object;
}

const askedSizes = new WeakMap<object, number>();

/**
 * The packet size that a peer has opened a channel with, which ssh2 is not told where it is over 32 KiB.
 * @param data what ssh2 announces the channel with
 */
export function askedPacketSize(data: object): number | undefined {
  return askedSizes.get(data);
}

/**
 * Checks what a peer says of its channels, which ssh2 believes: how large packets may be, and how much may be sent before
 * the other side has to allow more. It works on either side.
 * @param abort ends the connection at once, with the reason for the log
 */
export function guardChannels(protocol: Protocol, channels: Channels, abort: (reason: string) => void): void {
  const stateOf = (id: number): ChannelState | undefined => {
    const channel = channels.get(id) as (Partial<ChannelState> & { readonly _chanInfo?: ChannelState }) | undefined;
    const state = channel?._chanInfo ?? channel;
    return state?.incoming && (state as ChannelState);
  };
  const checkSize = (info: OpenInfo): string | undefined => {
    if (!(info.packetSize >= MIN_PACKET)) return `it asks for packets of ${info.packetSize} bytes`;
    if (info.data !== undefined) askedSizes.set(info.data, info.packetSize);
    info.packetSize = Math.min(info.packetSize, MAX_PACKET);
    return undefined;
  };
  const checkData = (id: number, data: Buffer): string | undefined => {
    const window = stateOf(id)?.incoming.window ?? data.length;
    return data.length > window ? `it sends ${data.length} bytes where ${window} were allowed` : undefined;
  };
  const checkAdjust = (id: number, amount: number): string | undefined => {
    const window = (stateOf(id)?.outgoing.window ?? 0) + amount;
    return window > MAX_WINDOW ? `it allows ${window} bytes, more than there can be` : undefined;
  };

  /** Puts a check before what ssh2 does with a message. */
  const before = <Args extends readonly unknown[]>(message: string, check: (...args: Args) => string | undefined) => {
    const handlers = protocol._handlers as Record<string, ((self: unknown, ...args: Args) => unknown) | undefined>;
    const handle = handlers[message];
    handlers[message] = (self, ...args) => {
      const reason = check(...args);
      if (reason !== undefined) abort(reason);
      else handle?.(self, ...args);
    };
  };
  before("CHANNEL_OPEN", checkSize);
  before("CHANNEL_OPEN_CONFIRMATION", checkSize);
  before("CHANNEL_DATA", checkData);
  before("CHANNEL_EXTENDED_DATA", checkData);
  before("CHANNEL_WINDOW_ADJUST", checkAdjust);
}
