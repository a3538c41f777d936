import type { Client, ClientChannel } from "ssh2";
import { channelInternals, internalsOf } from "../internals.js";

/**
 * Opens a session and requests a subsystem on it. Calls back when the request is sent, so that what the caller writes leaves with it,
 * a round trip before ssh2 would (client.js:1310); a server reads it from the subsystem on. Calls back again, with an error, where
 * the server then refuses the request. test/unit/runtime/ssh/ssh2/channels notices a change.
 */
export function openSubsystem(
  client: Client,
  name: string,
  done: (error: Error | undefined, channel: ClientChannel) => void,
): void {
  const { protocol, channels } = internalsOf(client);
  const request = protocol.subsystem;
  let opened: ClientChannel | undefined;
  protocol.subsystem = (recipient, ...rest) => {
    protocol.subsystem = request;
    request.call(protocol, recipient, ...rest);
    const open = Object.values(channels._channels) as ClientChannel[];
    opened = open.find((channel) => channelInternals(channel).outgoing?.id === recipient);
    if (opened !== undefined) done(undefined, opened);
  };
  client.subsys(name, (error, channel) => {
    protocol.subsystem = request;
    if (error || opened === undefined) done(error, channel ?? opened);
  });
}
