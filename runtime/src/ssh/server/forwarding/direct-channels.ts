import type { Socket } from "node:net";
import type { Connection, ServerChannel } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import { formatHostPort } from "../../../base/net/host-port.js";
import type { Peer } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { type ChannelConfig, ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";
import { PacketChannel } from "../../ssh2/channels/packet-channel.js";
import { CHANNEL_REFUSAL, refuseChannel } from "../../ssh2/channels/refuse-channel.js";
import { requestedPacketSize } from "../../ssh2/packets/channel-guard.js";
import { connectOut } from "./connect-out.js";
import { decide, denialOf, type RuleFailure } from "./decide.js";
import type { Forwarded } from "./forwarded.js";
import { channelConfig, type DirectTcpipHandler, type ForwardingConfig } from "./forwarding-config.js";
import type { DirectAnswer, DirectStreamlocal, DirectTcpip } from "./forwarding-options.js";
import { isSocketPath } from "./forwarding-rules.js";

type Accept = () => ServerChannel | undefined;

/** A channel that a peer requests. */
interface ChannelRequest {
  readonly kind: "direct-tcpip" | "direct-streamlocal";
  /** The target, for the log. */
  readonly to: string;
  readonly accept: Accept;
  readonly reject: () => void;
  readonly decide: (peer: Peer) => Promise<DirectAnswer | RuleFailure>;
  readonly connect: (timeout: number, signal: AbortSignal) => Promise<Socket>;
  /** The maximum packet size that the peer has requested. */
  readonly packetSize?: number | undefined;
  /** Serves the channel where forwarding denies it without a reason. */
  readonly fallback?: (peer: Peer) => ReturnType<DirectTcpipHandler>;
}

/** The channels of `ssh -L` and the like: each is forwarded, served by a handler, or refused. */
export class DirectChannels {
  readonly #config: ForwardingConfig;
  readonly #forwarded: Forwarded;
  readonly #closed = new AbortController();

  /** @param directTcpip called where forwarding denies the channel */
  constructor(config: ForwardingConfig, forwarded: Forwarded, directTcpip: DirectTcpipHandler) {
    this.#config = config;
    this.#forwarded = forwarded;
    const { connection, forwarding } = config;
    const { timeout } = forwarding;
    connection.on("close", () => this.#closed.abort());
    connection.on("tcpip", (accept: Accept, reject, data) => {
      const { destIP: host, destPort: port, srcIP, srcPort } = data;
      const request: DirectTcpip = { host, port, originHost: srcIP, originPort: srcPort };
      void this.#open({
        kind: "direct-tcpip",
        to: formatHostPort(printable(host), port),
        accept,
        reject,
        decide: async (peer) =>
          isTarget(request) &&
          decide(forwarding.openTcp, request, peer, { name: "permitOpen rule", timeout, handler: "serve" }),
        connect: (timeout, signal) => connectOut({ host, port }, timeout, signal),
        packetSize: requestedPacketSize(data),
        fallback: (peer) => directTcpip(request, peer),
      });
    });
    // The types of ssh2 lack the arguments of this event.
    (connection as NodeJS.EventEmitter & Connection).on(
      "openssh.streamlocal",
      (accept: Accept, reject: () => void, { socketPath: path }: { socketPath: string }) => {
        const request: DirectStreamlocal = { path };
        void this.#open({
          kind: "direct-streamlocal",
          to: printable(path),
          accept,
          reject,
          decide: async (peer) =>
            isSocketPath(path) &&
            decide(forwarding.openUnix, request, peer, { name: "permitOpenUnix rule", timeout, handler: "serve" }),
          connect: (timeout, signal) => connectOut({ path }, timeout, signal),
        });
      },
    );
  }

  async #open(request: ChannelRequest): Promise<void> {
    const peer = this.#config.peer();
    if (peer === undefined) {
      refuseChannel(this.#config.connection, request.reject, CHANNEL_REFUSAL.prohibited);
      return;
    }
    const release = this.#forwarded.reserve();
    if (release === undefined) {
      const reason = `${this.#config.forwarding.maxForwarded} forwarded connections are open (forwarding.maxForwarded)`;
      this.#refuse(request, reason, CHANNEL_REFUSAL.resourceShortage, "too many forwarded connections");
      return;
    }
    try {
      await this.#answer(request, peer, release);
    } catch (error) {
      release();
      this.#refuse(request, errorMessage(error), CHANNEL_REFUSAL.connectFailed, "the channel could not be opened");
    }
  }

  async #answer(request: ChannelRequest, peer: Peer, release: () => void): Promise<void> {
    const answer = await request.decide(peer);
    if (answer === true) {
      await this.#forward(request, release);
      return;
    }
    if (typeof answer === "object" && answer !== null && "serve" in answer) {
      await this.#serve(request, this.#accept(request, release, ChannelDuplex), answer.serve);
      return;
    }
    const serve = answer === false ? request.fallback?.(peer) : undefined;
    if (serve !== undefined) {
      await this.#serve(request, this.#accept(request, release, PacketChannel), serve);
      return;
    }
    release();
    const { reason, peerReason } = denialOf(answer);
    this.#refuse(request, reason, CHANNEL_REFUSAL.prohibited, peerReason);
  }

  async #serve<T extends ChannelDuplex>(
    { kind, to }: ChannelRequest,
    duplex: T | undefined,
    serve: (duplex: T) => unknown,
  ): Promise<void> {
    if (duplex === undefined) return;
    // "close" reports the loss, so that an unread stream must not end the process.
    duplex.on("error", () => {});
    try {
      await serve(duplex);
    } catch (error) {
      const message = "a forwarded connection could not be served";
      const { observer, about } = this.#config;
      observer.diagnostic?.({ ...about(), level: "error", message, error, fields: { kind, to } });
      duplex.destroy();
    }
  }

  async #forward(request: ChannelRequest, release: () => void): Promise<void> {
    const { forwarding } = this.#config;
    let socket: Socket;
    try {
      socket = await request.connect(forwarding.timeout, this.#closed.signal);
    } catch (error) {
      release();
      const { code, message } = error as NodeJS.ErrnoException;
      this.#refuse(request, message, CHANNEL_REFUSAL.connectFailed, code ?? "");
      return;
    }
    const duplex = this.#accept(request, release, ChannelDuplex);
    if (duplex === undefined) {
      socket.destroy();
      return;
    }
    const { kind, to } = request;
    this.#forwarded.join(duplex, socket, { kind, to });
  }

  /** Accepts the channel and releases its reservation when it closes; undefined where the connection has closed. */
  #accept<T extends ChannelDuplex>(
    request: ChannelRequest,
    release: () => void,
    Kind: new (channel: ServerChannel, config: ChannelConfig, packetSize?: number) => T,
  ): T | undefined {
    const channel = this.#closed.signal.aborted ? undefined : request.accept();
    if (channel === undefined) {
      release();
      return undefined;
    }
    const duplex = new Kind(channel, channelConfig(this.#config), request.packetSize);
    duplex.once("close", release);
    return duplex;
  }

  #refuse({ kind, to, reject }: ChannelRequest, reason: string, code: 1 | 2 | 4, peerReason: string): void {
    const { connection, observer, about } = this.#config;
    observer.forwardRefused?.({ ...about(), kind, to, reason: printable(reason) });
    if (!this.#closed.signal.aborted) refuseChannel(connection, reject, code, peerReason);
  }
}

/** Whether a target is valid for the operating system: on the wire, a port is any 32-bit number. */
function isTarget({ host, port }: DirectTcpip): boolean {
  return port >= 1 && port <= 65_535 && host.length >= 1 && host.length <= 255 && !host.includes("\0");
}
