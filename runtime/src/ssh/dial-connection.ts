import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import ssh2, { type AuthHandlerMiddleware, type Client, type ClientChannel } from "ssh2";
import { RpcError } from "../contract/rpc-error.js";
import { clientAlgorithms } from "./algorithms.js";
import type { KeyOffers } from "./auth/key-offers.js";
import type { DialChannel } from "./dial-channel.js";
import { type DialStage, dialError, dialTimeout } from "./dial-error.js";
import { gatherWrites } from "./gather-writes.js";
import { hangUp } from "./hang-up.js";
import type { HostVerifier } from "./host-verifier.js";
import { printable } from "./printable.js";
import { IDENT } from "./subsystem.js";
import { formatTarget, type Target } from "./target.js";

/** What one attempt to connect needs, all read and checked. Times are in milliseconds. */
export interface DialSettings {
  readonly offers: KeyOffers;
  readonly verifier: HostVerifier;
  /** Types of the host keys that are known. */
  readonly knownTypes: readonly string[];
  readonly connectTimeout: number;
  readonly keepaliveInterval: number;
  readonly keepaliveMisses: number;
  readonly signal: AbortSignal | undefined;
}

type Ssh2Error = NodeJS.ErrnoException & { readonly level?: string; readonly reason?: unknown };

/** How much of what the other side says first is kept, for messages. */
const HEARD_LIMIT = 256;

/** Makes one SSH connection, and gives the channel on it; the connection ends with that. */
export function dialConnection<Opened extends Duplex>(
  target: Target,
  settings: DialSettings,
  channel: DialChannel<Opened>,
): Promise<Opened> {
  return new Dial(target, settings, channel).result;
}

class Dial<Opened extends Duplex> {
  readonly result: Promise<Opened>;
  readonly #target: Target;
  readonly #channel: DialChannel<Opened>;
  readonly #settings: DialSettings;
  readonly #socket: Socket;
  readonly #client: Client;
  readonly #timer: NodeJS.Timeout;
  #resolve: (duplex: Opened) => void = () => {};
  #reject: (error: RpcError) => void = () => {};
  #stage: DialStage = "connecting";
  #heard = "";
  #error: Ssh2Error | undefined;
  #settled = false;

  constructor(target: Target, settings: DialSettings, channel: DialChannel<Opened>) {
    this.#target = target;
    this.#channel = channel;
    this.#settings = settings;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { host, port } = target;
    // Without noDelay a call waits 40 ms and more for the other side's delayed acknowledgement.
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true });
    gatherWrites(this.#socket);
    this.#client = new ssh2.Client();
    this.#timer = setTimeout(() => this.#fail(this.#timeout()), settings.connectTimeout);
    this.#socket.on("error", () => {}).on("close", this.#onClose);
    this.#client
      .on("error", this.#onError)
      .on("connect", () => this.#advance("greeting"))
      .on("handshake", () => this.#advance("authentication"))
      .on("ready", this.#onReady);
    settings.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (settings.signal?.aborted) this.#onAbort();
    else this.#start();
  }

  #start(): void {
    const { offers, verifier, knownTypes, keepaliveInterval, keepaliveMisses } = this.#settings;
    const authHandler = (methods: string[] | null) => offers.next(methods);
    try {
      this.#client.connect({
        sock: this.#socket,
        username: this.#target.user,
        ident: IDENT,
        algorithms: clientAlgorithms(knownTypes),
        hostVerifier: (key: Buffer) => verifier.verify(key),
        authHandler: authHandler as unknown as AuthHandlerMiddleware,
        readyTimeout: 0,
        keepaliveInterval,
        keepaliveCountMax: keepaliveMisses,
      });
    } catch (error) {
      this.#onError(error as Ssh2Error);
    }
    // ssh2 has paused the socket, so that this listens along and starts nothing.
    this.#socket.on("data", this.#listen);
  }

  readonly #listen = (data: Buffer): void => {
    this.#heard = (this.#heard + data.toString("latin1")).slice(0, HEARD_LIMIT);
    if (/^SSH-/m.test(this.#heard)) this.#advance("key exchange");
    if (this.#heard.length === HEARD_LIMIT) this.#socket.off("data", this.#listen);
  };

  /** Stages only go forward: a later key exchange is not a new beginning. */
  #advance(stage: DialStage): void {
    const order: readonly DialStage[] = ["connecting", "greeting", "key exchange", "authentication", "channel"];
    if (order.indexOf(stage) > order.indexOf(this.#stage)) this.#stage = stage;
  }

  readonly #onError = (error: Ssh2Error): void => {
    const { offers } = this.#settings;
    // One key that cannot sign, or an agent that does not answer: ssh2 goes on to the next.
    if (error.level === "agent" || (error.level === "client-authentication" && !offers.exhausted)) {
      offers.note(error.message);
      return;
    }
    this.#error ??= error;
    if (this.#settled) this.#socket.destroy();
    else this.#fail(this.#failure());
  };

  readonly #onClose = (): void => this.#fail(this.#failure());

  readonly #onAbort = (): void => {
    const cause = this.#settings.signal?.reason as unknown;
    this.#fail(
      new RpcError("CANCELLED", `the attempt to connect to ${formatTarget(this.#target)} was cancelled`, { cause }),
    );
  };

  readonly #onReady = (): void => {
    this.#advance("channel");
    try {
      this.#channel.open(this.#client, (error, channel) => {
        if (error) this.#fail(this.#channelFailure(error));
        else this.#succeed(channel);
      });
    } catch (error) {
      this.#onError(error as Ssh2Error);
    }
  };

  #succeed(channel: ClientChannel): void {
    if (this.#settled) return;
    this.#settle();
    const duplex = this.#channel.wrap(channel, {
      connection: this.#client,
      socket: this.#socket,
      lost: () => this.#lost(),
      server: false,
    });
    duplex.once("close", () => hangUp(this.#client, this.#socket));
    this.#resolve(duplex);
  }

  #fail(error: RpcError): void {
    if (this.#settled) return;
    this.#settle();
    this.#socket.destroy();
    this.#reject(error);
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#socket.off("data", this.#listen);
    this.#settings.signal?.removeEventListener("abort", this.#onAbort);
    this.#settings.offers.close();
  }

  #failure(): RpcError {
    const { verifier } = this.#settings;
    if (verifier.refusal !== undefined) return verifier.refusal;
    if (this.#stage === "authentication") return this.#refused();
    const { message } = this.#error ?? {};
    // ssh2's words for a connection that just closed say less than the stage does.
    const said = message === "Connection lost before handshake" ? undefined : this.#error;
    return dialError({ target: this.#target, stage: this.#stage, heard: this.#heard }, said);
  }

  #timeout(): RpcError {
    return dialTimeout({ target: this.#target, stage: this.#stage, heard: this.#heard }, this.#settings.connectTimeout);
  }

  #refused(): RpcError {
    const { offers } = this.#settings;
    const address = formatTarget(this.#target);
    if (offers.exhausted) {
      const message = offers.offered
        ? `${address} accepts none of these keys: ${offers.tried}${offers.remarks}; add one to the server's authorized_keys, or name another with the option identity`
        : `no key to log in to ${address} with${offers.remarks}: make one with \`ssh-keygen -t ed25519\`, or name one with the option identity`;
      return new RpcError("UNAUTHENTICATED", message);
    }
    const why = this.#error ? `: ${printable(this.#error.message)}` : "";
    const message = `${address} ended the connection during the authentication${why}; offered ${offers.tried || "no key"}`;
    // A server that hangs up after a key has mostly seen too many of them; a network that fails has said so.
    const refused = offers.offered && this.#error?.level !== "client-socket";
    return new RpcError(refused ? "UNAUTHENTICATED" : "UNAVAILABLE", message, { cause: this.#error });
  }

  #channelFailure(error: Ssh2Error): RpcError {
    if (this.#socket.destroyed) return this.#failure();
    const address = formatTarget(this.#target);
    const why = this.#channel.refusal(error) ?? `opens no channel: ${printable(error.message)}`;
    const message = `${address} ${why}`;
    return new RpcError("UNAVAILABLE", message, { cause: error });
  }

  #lost(): RpcError {
    const { refusal } = this.#settings.verifier;
    if (refusal !== undefined) return refusal;
    const why = this.#error ? `: ${printable(this.#error.message)}` : "";
    return new RpcError("UNAVAILABLE", `the connection to ${formatTarget(this.#target)} was lost${why}`, {
      cause: this.#error,
    });
  }
}
