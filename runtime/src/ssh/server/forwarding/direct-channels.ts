import type { Socket } from "node:net";
import type { Connection, ServerChannel } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import type { Peer } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { type ChannelConfig, ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";
import { PacketChannel } from "../../ssh2/channels/packet-channel.js";
import { CHANNEL_REFUSAL, refuseChannel } from "../../ssh2/channels/refuse-channel.js";
import { askedPacketSize } from "../../ssh2/packets/channel-guard.js";
import { formatHostPort } from "../../target.js";
import { connectOut } from "./connect-out.js";
import { decide, type NoAnswer } from "./decide.js";
import type { Forwarded } from "./forwarded.js";
import { channelConfig, type ForwardingConfig } from "./forwarding-config.js";
import type { DirectAnswer, DirectStreamlocal, DirectTcpip } from "./forwarding-options.js";
import { isSocketPath } from "./forwarding-rules.js";
import { reasonOf } from "./reason-of.js";

type Accept = () => ServerChannel | undefined;

/** A channel that a peer has asked for. */
interface Wanted {
  readonly kind: "direct-tcpip" | "direct-streamlocal";
  /** Where it leads, for the log. */
  readonly to: string;
  readonly accept: Accept;
  readonly reject: () => void;
  readonly decide: (peer: Peer) => Promise<DirectAnswer | NoAnswer>;
  readonly connect: (timeout: number, signal: AbortSignal) => Promise<Socket>;
  /** The packet size that the peer has opened it with. */
  readonly packetSize?: number | undefined;
  /** Takes what is not forwarded. */
  readonly otherwise?: (peer: Peer) => ReturnType<NonNullable<ForwardingConfig["ways"]["directTcpip"]>>;
}

/** The connections that a peer wants the server to make (`ssh -L`): forwarded, served by a handler, or refused. */
export class DirectChannels {
  readonly #config: ForwardingConfig;
  readonly #forwarded: Forwarded;
  readonly #gone = new AbortController();

  constructor(config: ForwardingConfig, forwarded: Forwarded) {
    this.#config = config;
    this.#forwarded = forwarded;
    const { connection, forwarding, ways } = config;
    connection.on("close", () => this.#gone.abort());
    connection.on("tcpip", (accept: Accept, reject, data) => {
      const { destIP: host, destPort: port, srcIP, srcPort } = data;
      const request: DirectTcpip = { host, port, originHost: srcIP, originPort: srcPort };
      void this.#open({
        kind: "direct-tcpip",
        to: formatHostPort(printable(host), port),
        accept,
        reject,
        decide: async (peer) => isTarget(request) && decide(forwarding.openTcp, request, peer, forwarding.timeout),
        connect: (timeout, signal) => connectOut({ host, port }, timeout, signal),
        packetSize: askedPacketSize(data),
        otherwise: (peer) => ways.directTcpip?.(request, peer),
      });
    });
    // ssh2's types name its event, and not what comes with it.
    (connection as NodeJS.EventEmitter & Connection).on(
      "openssh.streamlocal",
      (accept: Accept, reject: () => void, { socketPath: path }: { socketPath: string }) => {
        const request: DirectStreamlocal = { path };
        void this.#open({
          kind: "direct-streamlocal",
          to: printable(path),
          accept,
          reject,
          decide: async (peer) => isSocketPath(path) && decide(forwarding.openUnix, request, peer, forwarding.timeout),
          connect: (timeout, signal) => connectOut({ path }, timeout, signal),
        });
      },
    );
  }

  async #open(wanted: Wanted): Promise<void> {
    const peer = this.#config.peer();
    if (peer === undefined) {
      refuseChannel(this.#config.connection, wanted.reject, CHANNEL_REFUSAL.prohibited);
      return;
    }
    const release = this.#forwarded.reserve();
    if (release === undefined) {
      const reason = `${this.#config.forwarding.maxForwarded} connections are forwarded (forwarding.maxForwarded)`;
      this.#refuse(wanted, reason, CHANNEL_REFUSAL.resourceShortage, "too many forwarded connections");
      return;
    }
    try {
      await this.#answer(wanted, peer, release);
    } catch (error) {
      release();
      this.#refuse(wanted, errorMessage(error), CHANNEL_REFUSAL.connectFailed, "it could not be opened");
    }
  }

  async #answer(wanted: Wanted, peer: Peer, release: () => void): Promise<void> {
    const answer = await wanted.decide(peer);
    if (answer === true) {
      await this.#forward(wanted, release);
      return;
    }
    if (typeof answer === "object" && "serve" in answer) {
      await this.#serve(wanted, this.#accept(wanted, release, ChannelDuplex), answer.serve);
      return;
    }
    const take = answer === false ? wanted.otherwise?.(peer) : undefined;
    if (take !== undefined) {
      await this.#serve(wanted, this.#accept(wanted, release, PacketChannel), take);
      return;
    }
    release();
    const { reason, told } = reasonOf(answer);
    this.#refuse(wanted, reason, CHANNEL_REFUSAL.prohibited, told);
  }

  async #serve<T extends ChannelDuplex>(
    { kind, to }: Wanted,
    duplex: T | undefined,
    serve: (duplex: T) => unknown,
  ): Promise<void> {
    if (duplex === undefined) return;
    // Whoever takes it need not listen: it closes, too.
    duplex.on("error", () => {});
    try {
      await serve(duplex);
    } catch (error) {
      this.#config.log.error({ kind, to, err: error }, "a forwarded connection could not be served");
      duplex.destroy();
    }
  }

  async #forward(wanted: Wanted, release: () => void): Promise<void> {
    const { forwarding } = this.#config;
    let socket: Socket;
    try {
      socket = await wanted.connect(forwarding.timeout, this.#gone.signal);
    } catch (error) {
      release();
      const { code, message } = error as NodeJS.ErrnoException;
      this.#refuse(wanted, message, CHANNEL_REFUSAL.connectFailed, code ?? "");
      return;
    }
    const duplex = this.#accept(wanted, release, ChannelDuplex);
    if (duplex === undefined) {
      socket.destroy();
      return;
    }
    const { kind, to } = wanted;
    this.#forwarded.join(duplex, socket, { kind, to });
  }

  /** The channel, whose place is given back when it closes; undefined where the connection has gone. */
  #accept<T extends ChannelDuplex>(
    wanted: Wanted,
    release: () => void,
    Kind: new (channel: ServerChannel, config: ChannelConfig, packetSize?: number) => T,
  ): T | undefined {
    const channel = this.#gone.signal.aborted ? undefined : wanted.accept();
    if (channel === undefined) {
      release();
      return undefined;
    }
    const duplex = new Kind(channel, channelConfig(this.#config), wanted.packetSize);
    duplex.once("close", release);
    return duplex;
  }

  #refuse({ kind, to, reject }: Wanted, reason: string, code: 1 | 2 | 4, told: string): void {
    this.#config.log.info({ kind, to, reason: printable(reason) }, "forwarding refused");
    if (!this.#gone.signal.aborted) refuseChannel(this.#config.connection, reject, code, told);
  }
}

/** What the operating system would be asked for; a port is any 32-bit number on the wire. */
function isTarget({ host, port }: DirectTcpip): boolean {
  return port >= 1 && port <= 65_535 && host.length >= 1 && host.length <= 255 && !host.includes("\0");
}
