import type { EventEmitter } from "node:events";
import type { Client, ClientChannel } from "ssh2";
import { formatHostPort } from "../../base/net/host-port.js";
import { printable } from "../../base/printable.js";
import { setOpening } from "../../base/transport.js";
import { SshError } from "../ssh-error.js";
import { CarrierChannel } from "../ssh2/channels/carrier-channel.js";
import type { ChannelConfig, ChannelDuplex } from "../ssh2/channels/channel-duplex.js";
import { openSubsystem } from "../ssh2/channels/open-subsystem.js";
import { PacketChannel } from "../ssh2/channels/packet-channel.js";
import { SubsystemChannel } from "../ssh2/channels/subsystem-channel.js";
import { describeEarlyExit } from "./early-exit.js";
import { openFailure } from "./open-failure.js";

/** The channel that is opened on a new connection; the connection closes with it. */
export interface DialChannel<Opened extends EventEmitter, Raw extends EventEmitter = ClientChannel> {
  /** Requests the channel. `requested` gets one that may be written to before the server has answered, with `done`. */
  readonly open: (
    client: Client,
    done: (error: Error | undefined, channel: Raw) => void,
    requested: (channel: Raw) => void,
  ) => void;
  /** Wraps the channel for the caller. The 'close' event of the wrapper closes the connection. */
  readonly wrap: (channel: Raw, config: ChannelConfig) => Opened;
  /** Explains why the server rejected the channel; undefined if the error itself explains it. */
  readonly refusal: (error: Error) => string | undefined;
}

/** What the messages of a channel say of its server, and the class of its errors. */
interface ServerOfChannel {
  readonly address: string;
  readonly mapError: (error: unknown) => unknown;
}

/** A subsystem of a session (RFC 4254, section 6.5). */
export function subsystemChannel(name: string, { address, mapError }: ServerOfChannel): DialChannel<ChannelDuplex> {
  const ended = (status: number): Error => {
    const message = `no connection to ${address}: ${describeEarlyExit(status)}`;
    return mapError(new SshError("unavailable", message, { cause: new Error(`exit status ${status}`) })) as Error;
  };
  /** When the server has answered the request for a channel that was delivered before. */
  const answers = new WeakMap<ClientChannel, Promise<void>>();
  return {
    open: (client, done, requested) => {
      let answer = (): void => {};
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      openSubsystem(client, name, {
        requested: (channel) => {
          answers.set(channel, answered);
          requested(channel);
        },
        done: (error, channel) => {
          answer();
          done(error, channel);
        },
      });
    },
    wrap: (channel, config) => {
      const duplex = new SubsystemChannel(channel, config, ended);
      const answered = answers.get(channel);
      if (answered !== undefined) setOpening(duplex, answered);
      return duplex;
    },
    refusal: ({ message }) =>
      message.startsWith("Unable to start subsystem")
        ? `is an SSH server without the subsystem ${name}: is the port correct? If its sshd runs sshrpc, add a Subsystem line to sshd_config, or for a forced command set transport: "openssh", openssh: { command: "sshrpc" }`
        : undefined,
  };
}

/**
 * A direct-tcpip channel to `host` and `port` as the server resolves them (RFC 4254, section 7.2), packet by packet.
 * @param hint what to check where the server rejects the channel
 */
export function packetChannelTo(host: string, port: number, hint: string): DialChannel<PacketChannel> {
  return {
    open: (client, done) => void client.forwardOut("127.0.0.1", 0, host, port, done),
    wrap: (channel, config) => new PacketChannel(channel, config),
    refusal: (error) => {
      const reason = openFailure(error);
      return reason === undefined ? undefined : `rejected the channel (${reason}): ${hint}`;
    },
  };
}

/** A direct-tcpip channel that carries the SSH connection to the next hop behind a jump host. */
export function carrierChannelTo(host: string, port: number): DialChannel<CarrierChannel> {
  const where = formatHostPort(host, port);
  return {
    open: (client, done) => void client.forwardOut("127.0.0.1", 0, host, port, done),
    wrap: (channel, config) => new CarrierChannel(channel, config),
    refusal: (error) => `cannot connect to ${where}: ${openFailure(error) ?? printable(error.message)}`,
  };
}
