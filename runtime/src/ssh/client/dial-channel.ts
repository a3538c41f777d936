import type { EventEmitter } from "node:events";
import type { Client, ClientChannel } from "ssh2";
import { formatHostPort } from "../../base/host-port.js";
import { printable } from "../../base/printable.js";
import { CarrierChannel } from "../ssh2/channels/carrier-channel.js";
import { type ChannelConfig, ChannelDuplex } from "../ssh2/channels/channel-duplex.js";
import { PacketChannel } from "../ssh2/channels/packet-channel.js";
import { SUBSYSTEM } from "../subsystem.js";

/** What is opened on a connection as soon as it is made; the connection ends with it. */
export interface DialChannel<Opened extends EventEmitter, Raw = ClientChannel> {
  /** Asks for the channel. */
  readonly open: (client: Client, done: (error: Error | undefined, channel: Raw) => void) => void;
  /** Makes of the channel what the caller gets; its 'close' ends the connection. */
  readonly wrap: (channel: Raw, config: ChannelConfig) => Opened;
  /** Why the server may have refused, for messages; undefined where only the error knows. */
  readonly refusal: (error: Error) => string | undefined;
}

/** The subsystem `sshrpc` of a session (RFC 4254, section 6.5). */
export const SUBSYSTEM_CHANNEL: DialChannel<ChannelDuplex> = {
  open: (client, done) => void client.subsys(SUBSYSTEM, done),
  wrap: (channel, config) => new ChannelDuplex(channel, config),
  refusal: ({ message }) =>
    message.startsWith("Unable to start subsystem")
      ? `is an SSH server, but serves no ${SUBSYSTEM} subsystem: is it the right port?`
      : undefined,
};

/**
 * A channel as if to `host` and `port` as the server sees them (RFC 4254, section 7.2), packet by packet.
 * @param question what to ask oneself where the server refuses it
 */
export function packetChannelTo(host: string, port: number, question: string): DialChannel<PacketChannel> {
  return {
    open: (client, done) => void client.forwardOut("127.0.0.1", 0, host, port, done),
    wrap: (channel, config) => new PacketChannel(channel, config),
    refusal: ({ message }) => {
      const [, reason] = /^\(SSH\) Channel open failure: (.*)$/s.exec(message) ?? [];
      if (reason === undefined) return undefined;
      return `opens no channel${reason === "" ? "" : ` (${printable(reason)})`}: ${question}`;
    },
  };
}

/** A channel to `host` and `port` that another SSH connection runs on: the next one behind a jump host. */
export function carrierChannelTo(host: string, port: number): DialChannel<CarrierChannel> {
  const where = formatHostPort(host, port);
  return {
    open: (client, done) => void client.forwardOut("127.0.0.1", 0, host, port, done),
    wrap: (channel, config) => new CarrierChannel(channel, config),
    refusal: ({ message }) =>
      `does not connect to ${where}: ${printable(message.replace(/^\(SSH\) Channel open failure: /, ""))}`,
  };
}
