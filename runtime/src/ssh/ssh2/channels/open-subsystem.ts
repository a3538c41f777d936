import type { Client, ClientChannel } from "ssh2";
import { channelInternals, internalsOf } from "../internals.js";

/** What is called back for a subsystem. */
interface SubsystemCallbacks {
  /** The request is sent. */
  readonly requested: (channel: ClientChannel) => void;
  /** The server has answered it, or the channel has failed before. */
  readonly done: (error: Error | undefined, channel: ClientChannel) => void;
}

/**
 * Opens a session and requests a subsystem on it. Calls back when the request is sent, so that what the caller writes leaves with it,
 * a round trip before ssh2 would (client.js:1310); a server reads it from the subsystem on.
 * test/unit/runtime/ssh/ssh2/channels notices a change.
 */
export function openSubsystem(client: Client, name: string, { requested, done }: SubsystemCallbacks): void {
  const { protocol, channels } = internalsOf(client);
  const request = protocol.subsystem;
  protocol.subsystem = (recipient, ...rest) => {
    protocol.subsystem = request;
    request.call(protocol, recipient, ...rest);
    const open = Object.values(channels._channels) as ClientChannel[];
    const opened = open.find((channel) => channelInternals(channel).outgoing?.id === recipient);
    if (opened !== undefined) requested(opened);
  };
  client.subsys(name, (error, channel) => {
    protocol.subsystem = request;
    done(error, channel);
  });
}
