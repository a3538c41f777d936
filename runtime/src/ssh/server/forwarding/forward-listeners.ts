import type { Socket } from "node:net";
import type { Channel } from "ssh2";
import { withTimeout } from "../../../base/async/with-timeout.js";
import { errorMessage } from "../../../base/error-message.js";
import { formatHostPort } from "../../../base/net/host-port.js";
import type { ForwardEvent } from "../../../base/observer/observer.js";
import type { Peer } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { ChannelDuplex } from "../../ssh2/channels/channel-duplex.js";
import { attempt } from "../../ssh2/internals.js";
import { decide, denialOf, type RuleFailure } from "./decide.js";
import type { Forwarded } from "./forwarded.js";
import { channelConfig, type ForwardingConfig } from "./forwarding-config.js";
import type {
  CustomListener,
  ListenAnswer,
  OpenForwarded,
  StreamlocalForward,
  TcpipForward,
} from "./forwarding-options.js";
import { isSocketPath, mayListen } from "./forwarding-rules.js";
import { bindAddress, listenForPeer, type PeerListener } from "./listen-for-peer.js";
import { openToPeer } from "./open-to-peer.js";

type Answer = ((port?: number) => void) | undefined;

/** A listener that a peer requests. */
interface ListenRequest {
  readonly kind: "tcpip-forward" | "streamlocal-forward";
  /** The address, for the log. */
  readonly on: string;
  /** Identifies the listener in a later request to cancel it. */
  readonly key: (port: number | undefined) => string;
  readonly decide: (peer: Peer) => Promise<ListenAnswer | RuleFailure>;
  /** Whether the key of the peer still permits the listener. */
  readonly isPermitted: (peer: Peer) => boolean;
  readonly where: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Requests a channel from ssh2 for a connection to the listener. */
  readonly open: (port: number, origin: Origin, done: (error: Error | undefined, channel: Channel) => void) => void;
}

interface Origin {
  readonly host: string;
  readonly port: number;
}

/** The origin of connections without an address, such as those of unix sockets. */
const NO_ORIGIN: Origin = { host: "127.0.0.1", port: 0 };

/** The listeners of one connection (`ssh -R`): ports and unix sockets. All are closed with it. */
export class ForwardListeners {
  readonly #config: ForwardingConfig;
  readonly #forwarded: Forwarded;
  readonly #open = new Map<string, { close(): void }>();
  #count = 0;
  #closed = false;

  constructor(config: ForwardingConfig, forwarded: Forwarded) {
    this.#config = config;
    this.#forwarded = forwarded;
    config.connection.on("close", () => {
      this.#closed = true;
      for (const listener of this.#open.values()) this.#close(listener);
      this.#open.clear();
    });
    config.connection.on("request", (accept: Answer, reject: Answer, name: string, info) => {
      const { bindAddr = "", bindPort = 0, socketPath = "" } = info as unknown as Record<string, never>;
      if (name === "tcpip-forward") void this.#start(this.#tcp({ host: bindAddr, port: bindPort }), accept, reject);
      else if (name === "streamlocal-forward@openssh.com")
        void this.#start(this.#unix({ path: socketPath }), accept, reject);
      else if (name === "cancel-tcpip-forward") this.#cancel(tcpKey(bindAddr, bindPort), accept, reject);
      else if (name === "cancel-streamlocal-forward@openssh.com") this.#cancel(unixKey(socketPath), accept, reject);
      else reject?.();
    });
  }

  get count(): number {
    return this.#count;
  }

  #tcp(target: TcpipForward): ListenRequest {
    const { connection, forwarding } = this.#config;
    const { timeout, gatewayPorts } = forwarding;
    const { host, port } = target;
    const isValid = port <= 65_535 && host.length <= 255 && !host.includes("\0");
    return {
      kind: "tcpip-forward",
      on: formatHostPort(printable(host), port),
      key: (bound = 0) => tcpKey(host, port || bound),
      decide: async (peer) =>
        isValid &&
        decide(forwarding.listenTcp, target, peer, { name: "permitListen rule", timeout, handler: "listen" }),
      isPermitted: (peer) => mayListen(peer, target),
      where: { host: bindAddress({ host, gatewayPorts }), port },
      // The peer identifies its listener by the host that it requested, not by the bound address.
      open: (bound, origin, done) => connection.forwardOut(host, bound, origin.host, origin.port, done),
    };
  }

  #unix(target: StreamlocalForward): ListenRequest {
    const { connection, forwarding } = this.#config;
    const { timeout } = forwarding;
    const { path } = target;
    return {
      kind: "streamlocal-forward",
      on: printable(path),
      key: () => unixKey(path),
      decide: async (peer) =>
        isSocketPath(path) &&
        decide(forwarding.listenUnix, target, peer, { name: "permitListenUnix rule", timeout, handler: "listen" }),
      isPermitted: (peer) => mayListen(peer),
      where: { path },
      open: (_bound, _origin, done) => connection.openssh_forwardOutStreamLocal(path, done as never),
    };
  }

  async #start(request: ListenRequest, accept: Answer, reject: Answer): Promise<void> {
    const { kind, on } = request;
    const refuse = (reason: string): void => {
      this.#refused({ kind, on }, reason);
      attempt(() => reject?.());
    };
    const peer = this.#config.peer();
    if (peer === undefined) return refuse("not authenticated");
    const { maxListeners } = this.#config.forwarding;
    if (this.#count >= maxListeners) return refuse(`${maxListeners} listeners are open (forwarding.maxListeners)`);
    if (this.#open.has(request.key(undefined))) return refuse("already listening there");
    this.#count++;
    // Clients refuse channels of a listener that the server has not confirmed yet.
    let confirm = (): void => {};
    const confirmed = new Promise<void>((resolve) => {
      confirm = resolve;
    });
    try {
      const answer = await request.decide(peer);
      const listener = await this.#listen(request, answer, confirmed);
      if (listener === undefined) {
        this.#count--;
        return refuse(denialOf(answer).reason);
      }
      if (this.#closed) return this.#close(listener);
      const key = request.key(listener.port);
      if (this.#open.has(key)) {
        this.#close(listener);
        throw new Error("already listening there");
      }
      this.#open.set(key, listener);
      this.#config.observer.listenerOpened?.({ ...this.#config.about(), kind, on, port: listener.port });
      attempt(() => accept?.(listener.port));
    } catch (error) {
      this.#count--;
      refuse(errorMessage(error));
    } finally {
      confirm();
    }
  }

  async #listen(
    request: ListenRequest,
    answer: ListenAnswer | RuleFailure,
    confirmed: Promise<void>,
  ): Promise<PeerListener | CustomListener | undefined> {
    let port = "port" in request.where ? request.where.port : 0;
    if (answer === true) {
      // The port is known before the first connection is accepted.
      const onSocket = (socket: Socket): void => void confirmed.then(() => this.#forward(request, port, socket));
      const onError = (error: Error): void => this.#failed("a listener failed", error, { on: request.on });
      const listener = await listenForPeer(request.where, onSocket, onError);
      port ||= listener.port ?? 0;
      return listener;
    }
    if (typeof answer !== "object" || answer === null || !("listen" in answer)) return undefined;
    const open: OpenForwarded = async (origin = NO_ORIGIN) => {
      await confirmed;
      return this.#openChannel(request, port, origin);
    };
    const { timeout } = this.#config.forwarding;
    const listener = await withTimeout(answer.listen(open), timeout, {
      message: `the listener did not open within ${timeout} ms (forwarding.timeout)`,
      onLate: (late) => this.#close(late),
    });
    port ||= listener.port ?? 0;
    return listener;
  }

  /** Forwards a connection to the listener of a peer. */
  async #forward(request: ListenRequest, port: number, socket: Socket): Promise<void> {
    socket.on("error", () => {});
    const { kind, on } = request;
    const { remoteAddress: host = NO_ORIGIN.host, remotePort = 0 } = socket;
    const from = formatHostPort(host, remotePort);
    try {
      const duplex = await this.#openChannel(request, port, { host, port: remotePort });
      this.#forwarded.join(duplex, socket, { kind, on, from });
    } catch (error) {
      this.#refused({ kind, on, from }, errorMessage(error));
      socket.destroy();
    }
  }

  /** Opens a channel to the peer. @throws Error where the peer refuses it, its key forbids it, or a limit is reached */
  async #openChannel(request: ListenRequest, port: number, origin: Origin): Promise<ChannelDuplex> {
    const { maxForwarded, timeout } = this.#config.forwarding;
    const peer = this.#config.peer();
    if (peer === undefined || !request.isPermitted(peer))
      throw new Error("the key does not permit listening there any more");
    const release = this.#forwarded.reserve();
    if (release === undefined)
      throw new Error(`${maxForwarded} forwarded connections are open (forwarding.maxForwarded)`);
    try {
      const channel = await openToPeer((done) => request.open(port, origin, done), timeout);
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

  /** Closes a listener, which may be one of a rule and throw. */
  #close(listener: { close(): void }): void {
    try {
      listener.close();
    } catch (error) {
      this.#failed("a listener could not be closed", error);
    }
  }

  #refused(forward: Pick<ForwardEvent, "kind" | "on" | "from">, reason: string): void {
    this.#config.observer.forwardRefused?.({ ...this.#config.about(), ...forward, reason: printable(reason) });
  }

  #failed(message: string, error: unknown, fields: object = {}): void {
    this.#config.observer.diagnostic?.({ ...this.#config.about(), level: "error", message, error, fields });
  }
}

const tcpKey = (host: string, port: number): string => `tcp ${port} ${host}`;
const unixKey = (path: string): string => `unix ${path}`;
