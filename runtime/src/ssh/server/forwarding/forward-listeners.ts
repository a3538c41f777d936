import type { Socket } from "node:net";
import type { Channel } from "ssh2";
import { errorMessage } from "../../../base/error-message.js";
import type { Peer } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { attempt } from "../../ssh2/attempt.js";
import { ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";
import { formatHostPort } from "../../target.js";
import { bindAddress } from "./bind-address.js";
import { decide, type NoAnswer } from "./decide.js";
import type { Forwarded } from "./forwarded.js";
import { channelConfig, type ForwardingConfig } from "./forwarding-config.js";
import type {
  ListenAnswer,
  OpenForwarded,
  OwnListener,
  StreamlocalForward,
  TcpipForward,
} from "./forwarding-options.js";
import { isSocketPath, mayListen } from "./forwarding-rules.js";
import { listenForPeer, type PeerListener } from "./listen-for-peer.js";
import { openToPeer } from "./open-to-peer.js";
import { reasonOf } from "./reason-of.js";
import { within } from "./within.js";

type Answer = ((port?: number) => void) | undefined;

/** What a peer wants the server to listen on. */
interface Wanted {
  readonly kind: "tcpip-forward" | "streamlocal-forward";
  /** For the log. */
  readonly on: string;
  /** What a later request to cancel it says. */
  readonly key: (port: number | undefined) => string;
  readonly decide: (peer: Peer) => Promise<ListenAnswer | NoAnswer>;
  /** Whether the peer's key still allows it. */
  readonly mayStill: (peer: Peer) => boolean;
  readonly where: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Asks ssh2 for a channel of somebody who has connected. */
  readonly open: (port: number, origin: Origin, done: (error: Error | undefined, channel: Channel) => void) => void;
}

interface Origin {
  readonly host: string;
  readonly port: number;
}

/** Where connections come from that do not say. */
const NOWHERE: Origin = { host: "127.0.0.1", port: 0 };

/** The ports and sockets that the server listens on for a peer (`ssh -R`). All are closed with its connection. */
export class ForwardListeners {
  readonly #config: ForwardingConfig;
  readonly #forwarded: Forwarded;
  readonly #open = new Map<string, { close(): void }>();
  /** With those that are being decided on. */
  #count = 0;
  #gone = false;

  constructor(config: ForwardingConfig, forwarded: Forwarded) {
    this.#config = config;
    this.#forwarded = forwarded;
    config.connection.on("close", () => {
      this.#gone = true;
      for (const listener of this.#open.values()) this.#close(listener);
      this.#open.clear();
    });
    config.connection.on("request", (accept: Answer, reject: Answer, name: string, info) => {
      const { bindAddr = "", bindPort = 0, socketPath = "" } = info as unknown as Record<string, never>;
      if (name === "tcpip-forward") void this.#start(this.#tcp({ host: bindAddr, port: bindPort }), accept, reject);
      else if (name === "streamlocal-forward@openssh.com") {
        void this.#start(this.#unix({ path: socketPath }), accept, reject);
      } else if (name === "cancel-tcpip-forward") this.#cancel(tcpKey(bindAddr, bindPort), accept, reject);
      else if (name === "cancel-streamlocal-forward@openssh.com") this.#cancel(unixKey(socketPath), accept, reject);
      else reject?.();
    });
  }

  #tcp(request: TcpipForward): Wanted {
    const { connection, forwarding } = this.#config;
    const { host, port } = request;
    const isSane = port <= 65_535 && host.length <= 255 && !host.includes("\0");
    return {
      kind: "tcpip-forward",
      on: formatHostPort(printable(host), port),
      key: (bound = 0) => tcpKey(host, port || bound),
      decide: async (peer) => isSane && decide(forwarding.listenTcp, request, peer, forwarding.timeout),
      mayStill: (peer) => mayListen(peer, request),
      where: { host: bindAddress(host, forwarding.gatewayPorts), port },
      // The peer knows its listener by the name that it gave, not by where it came to be.
      open: (bound, origin, done) => connection.forwardOut(host, bound, origin.host, origin.port, done),
    };
  }

  #unix(request: StreamlocalForward): Wanted {
    const { connection, forwarding } = this.#config;
    const { path } = request;
    return {
      kind: "streamlocal-forward",
      on: printable(path),
      key: () => unixKey(path),
      decide: async (peer) => isSocketPath(path) && decide(forwarding.listenUnix, request, peer, forwarding.timeout),
      mayStill: (peer) => mayListen(peer),
      where: { path },
      open: (_bound, _origin, done) => connection.openssh_forwardOutStreamLocal(path, done as never),
    };
  }

  async #start(wanted: Wanted, accept: Answer, reject: Answer): Promise<void> {
    const refuse = (reason: string): void => {
      this.#config.log.info({ kind: wanted.kind, on: wanted.on, reason: printable(reason) }, "forwarding refused");
      attempt(() => reject?.());
    };
    const peer = this.#config.peer();
    if (peer === undefined) return refuse("it is not logged in");
    const { maxListeners } = this.#config.forwarding;
    if (this.#count >= maxListeners) return refuse(`${maxListeners} listeners are open (forwarding.maxListeners)`);
    if (this.#open.has(wanted.key(undefined))) return refuse("it listens there already");
    this.#count++;
    // Before the peer knows that it has a listener, it refuses what comes from it.
    let announce = (): void => {};
    const announced = new Promise<void>((resolve) => {
      announce = resolve;
    });
    try {
      const answer = await wanted.decide(peer);
      const listener = await this.#listen(wanted, answer, announced);
      if (listener === undefined) {
        this.#count--;
        return refuse(reasonOf(answer).reason);
      }
      if (this.#gone) return this.#close(listener);
      const key = wanted.key(listener.port);
      if (this.#open.has(key)) {
        this.#close(listener);
        throw new Error("it listens there already");
      }
      this.#open.set(key, listener);
      const { kind, on } = wanted;
      this.#config.log.info(
        { kind, on, ...(listener.port !== undefined && { port: listener.port }) },
        "listening for a peer",
      );
      attempt(() => accept?.(listener.port));
    } catch (error) {
      this.#count--;
      refuse(errorMessage(error));
    } finally {
      announce();
    }
  }

  async #listen(
    wanted: Wanted,
    answer: ListenAnswer | NoAnswer,
    announced: Promise<void>,
  ): Promise<PeerListener | OwnListener | undefined> {
    let port = "port" in wanted.where ? wanted.where.port : 0;
    if (answer === true) {
      // The port is known before the first connection is taken.
      const onSocket = (socket: Socket): void => void announced.then(() => this.#take(wanted, port, socket));
      const onError = (error: Error): void =>
        this.#config.log.error({ on: wanted.on, err: error }, "a listener failed");
      const listener = await listenForPeer(wanted.where, onSocket, onError);
      port ||= listener.port ?? 0;
      return listener;
    }
    if (typeof answer !== "object" || !("listen" in answer)) return undefined;
    const open: OpenForwarded = async (origin = NOWHERE) => {
      await announced;
      return this.#openChannel(wanted, port, origin);
    };
    const { timeout } = this.#config.forwarding;
    const listener = await within(answer.listen(open), timeout, (late) => this.#close(late));
    port ||= listener.port ?? 0;
    return listener;
  }

  /** Somebody has connected to what the peer listens on. */
  async #take(wanted: Wanted, port: number, socket: Socket): Promise<void> {
    socket.on("error", () => {});
    const { kind, on } = wanted;
    const { remoteAddress: host = NOWHERE.host, remotePort = 0 } = socket;
    const from = formatHostPort(host, remotePort);
    try {
      const duplex = await this.#openChannel(wanted, port, { host, port: remotePort });
      this.#forwarded.join(duplex, socket, { kind, on, from });
    } catch (error) {
      this.#config.log.info({ kind, on, from, reason: printable(errorMessage(error)) }, "forwarding refused");
      socket.destroy();
    }
  }

  /** A new channel to the peer. @throws Error where it does not take it, may not have it any more, or has too many */
  async #openChannel(wanted: Wanted, port: number, origin: Origin): Promise<ChannelDuplex> {
    const { maxForwarded, timeout } = this.#config.forwarding;
    const peer = this.#config.peer();
    if (peer === undefined || !wanted.mayStill(peer)) throw new Error("its key may not listen there any more");
    const release = this.#forwarded.reserve();
    if (release === undefined) throw new Error(`${maxForwarded} connections are forwarded (forwarding.maxForwarded)`);
    try {
      const channel = await openToPeer((done) => wanted.open(port, origin, done), timeout);
      const duplex = new ChannelDuplex(channel, channelConfig(this.#config));
      duplex.once("close", release);
      return duplex;
    } catch (error) {
      release();
      throw error;
    }
  }

  #cancel(key: string, accept: Answer, reject: Answer): void {
    const listener = this.#open.get(key);
    if (listener === undefined) return void attempt(() => reject?.());
    this.#open.delete(key);
    this.#count--;
    this.#close(listener);
    attempt(() => accept?.());
  }

  /** It may be the user's own. */
  #close(listener: { close(): void }): void {
    try {
      listener.close();
    } catch (error) {
      this.#config.log.error({ err: error }, "a listener could not be closed");
    }
  }
}

function tcpKey(host: string, port: number): string {
  return `tcp ${port} ${host}`;
}

function unixKey(path: string): string {
  return `unix ${path}`;
}
