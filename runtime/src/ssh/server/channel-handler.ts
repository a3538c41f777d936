import type { Duplex } from "node:stream";
import type { Peer } from "../../base/peer.js";
import type { Session } from "../../base/session.js";
import type { PacketChannel } from "../ssh2/channels/packet-channel.js";
import type { DirectTcpip } from "./forwarding/forwarding-options.js";

/** What a peer may request: a program in a session (RFC 4254, section 6.5), or a TCP connection (section 7.2). */
interface ChannelRequests {
  readonly exec: { readonly kind: "exec"; readonly command: string };
  readonly shell: { readonly kind: "shell" };
  readonly subsystem: { readonly kind: "subsystem"; readonly name: string };
  readonly "direct-tcpip": { readonly kind: "direct-tcpip" } & DirectTcpip;
}

/** The channel that each kind of request opens. */
interface Channels {
  readonly exec: Session;
  readonly shell: Session;
  readonly subsystem: PeerStream<Duplex> | Session;
  readonly "direct-tcpip": PeerStream<PacketChannel>;
}

/** A byte stream, and the peer at its other end. */
interface PeerStream<Stream extends Duplex> {
  readonly stream: Stream;
  readonly peer: Peer;
}

type ChannelKind = keyof ChannelRequests;

/** A request of an authenticated peer, by kind. */
export type ChannelRequest<Kind extends ChannelKind = ChannelKind> = ChannelRequests[Kind];

/** A channel that may be open without being in use, such as one that carries calls. */
export interface ChannelUse {
  readonly isInUse: boolean;
  /** Asks the peer to end it; what is on its way is not lost. */
  drain(reason: string): void;
}

/** Serves the channels of authenticated peers. The first handler of a server that matches a request serves it. */
export interface ChannelHandler<Kind extends ChannelKind = ChannelKind> {
  /** Names the handler in logs. */
  readonly name: string;
  /** Whether a subsystem is served as a {@link Session}, with standard error and an exit status. Default: as a stream. */
  readonly asSession?: boolean;
  /** Whether it serves the request. */
  match(request: ChannelRequest): boolean;
  /** Serves a channel that {@link match} has accepted, and ends it. Without a result, it is in use until it closes. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most handlers return nothing.
  run(channel: Channels[Kind], request: ChannelRequest<Kind>): ChannelUse | void;
  /** Tells the client of a subsystem why its session is denied, and destroys the stream. Default: destroys it. */
  deny?(channel: Channels[Kind], reason: string): void;
}

/** The handler of a request; undefined where the request is refused. */
export function findHandler(handlers: readonly ChannelHandler[], request: ChannelRequest): ChannelHandler | undefined {
  return handlers.find((handler) => handler.match(request));
}
