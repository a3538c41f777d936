import type { EventEmitter } from "node:events";
import { connect } from "node:net";
import ssh2, { type AnyAuthMethod, type Client } from "ssh2";
import { errorMessage } from "../../base/error-message.js";
import { printable } from "../../base/printable.js";
import { RpcError } from "../../contract/rpc-error.js";
import { clientAlgorithms } from "../algorithms.js";
import { printableError } from "../printable-error.js";
import { sendPasswordChange } from "../ssh2/auth/client-auth.js";
import type { Carrier } from "../ssh2/channels/carrier.js";
import { gatherWrites } from "../ssh2/gather-writes.js";
import { hangUp } from "../ssh2/hang-up.js";
import { guardDial } from "../ssh2/packets/guard-dial.js";
import { askForCertificates, showPlainKey } from "../ssh2/packets/host-certificates.js";
import { IDENT } from "../subsystem.js";
import { formatTarget, type Target } from "../target.js";
import { patchLogin } from "./auth/patch-login.js";
import type { DialChannel } from "./dial-channel.js";
import type { DialConfig } from "./dial-config.js";
import { DialProgress, type Ssh2Error } from "./dial-progress.js";

type NextMethod = (method: AnyAuthMethod | false) => void;

/** Makes one SSH connection, and gives the channel on it; the connection ends with that. */
export function dialConnection<Opened extends EventEmitter, Raw>(
  target: Target,
  config: DialConfig,
  channel: DialChannel<Opened, Raw>,
): Promise<Opened> {
  return new Dial(target, config, channel).result;
}

class Dial<Opened extends EventEmitter, Raw> {
  readonly result: Promise<Opened>;
  readonly #target: Target;
  readonly #channel: DialChannel<Opened, Raw>;
  readonly #config: DialConfig;
  readonly #progress: DialProgress;
  readonly #socket: Carrier;
  readonly #client: Client;
  #resolve: (duplex: Opened) => void = () => {};
  #reject: (error: RpcError) => void = () => {};
  #confirmed: Promise<void> | undefined;
  #settled = false;

  constructor(target: Target, config: DialConfig, channel: DialChannel<Opened, Raw>) {
    this.#target = target;
    this.#channel = channel;
    this.#config = config;
    this.#progress = new DialProgress(target, config);
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { host, port } = target;
    // Without noDelay a call waits 40 ms and more for the other side's delayed acknowledgement.
    this.#socket = config.carrier ?? connect({ host, port, noDelay: true, keepAlive: true });
    gatherWrites(this.#socket);
    this.#client = new ssh2.Client();
    config.login.onGiveUp = (reason) => {
      const message = `${formatTarget(target)} ${reason}${config.login.remarks}`;
      this.#fail(new RpcError("UNAUTHENTICATED", message));
    };
    config.countdown.start(() => this.#fail(this.#progress.timeout()));
    this.#socket.on("error", () => {}).on("close", this.#onClose);
    this.#client
      .on("error", this.#onError)
      .on("connect", () => this.#progress.advance("greeting"))
      .on("handshake", this.#onHandshake)
      .on("change password", (message) => void this.#changePassword(message))
      .on("ready", this.#onReady);
    config.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (config.signal?.aborted) this.#onAbort();
    else this.#start();
  }

  #start(): void {
    const { login, verifier, keepaliveInterval, keepaliveCountMax, debug, ended } = this.#config;
    const authHandler = (methods: string[] | null, partial: boolean | null, done: NextMethod) =>
      void this.#authenticate(methods, partial === true, done);
    try {
      this.#client.connect({
        // ssh2 asks of it what a stream has.
        sock: this.#socket,
        username: this.#target.user,
        ident: IDENT,
        algorithms: clientAlgorithms(verifier.knownTypes),
        hostVerifier: (key: Buffer, done: (accepted: boolean) => void) => this.#verify(key, done),
        authHandler: authHandler as never,
        readyTimeout: 0,
        keepaliveInterval,
        keepaliveCountMax,
        ...(debug && { debug }),
      });
      patchLogin(this.#client, login, ended.signal);
      if (verifier.wantsCertificate) askForCertificates(this.#client);
      guardDial(this.#client, this.#socket, (reason) => this.#onError(new Error(reason)));
    } catch (error) {
      this.#onError(error as Ssh2Error);
    }
    // ssh2 has paused the socket, so that this listens along and starts nothing.
    this.#socket.on("data", this.#listen);
  }

  readonly #listen = (data: Buffer): void => {
    if (!this.#progress.hear(data)) this.#socket.off("data", this.#listen);
  };

  #verify(key: Buffer, done: (accepted: boolean) => void): void {
    const { verifier, countdown } = this.#config;
    const accepted = verifier.verify(key);
    // Before anything else arrives, whatever is decided later.
    if (verifier.certified !== undefined) showPlainKey(this.#client, key, verifier.certified.blob);
    if (typeof accepted === "boolean") done(accepted);
    else void countdown.pauseFor(accepted).then((answer) => this.#settled || done(answer));
  }

  /** Only now has the host proven that the key is its own. Every later exchange of keys says so again. */
  readonly #onHandshake = (): void => {
    this.#progress.advance("authentication");
    this.#confirmed ??= this.#config.verifier.confirm();
    this.#confirmed.catch(() => {});
  };

  async #authenticate(methods: string[] | null, partial: boolean, done: NextMethod): Promise<void> {
    try {
      await this.#confirmed;
      const method = await this.#config.login.next(methods, partial);
      if (!this.#settled) done(method);
    } catch (error) {
      this.#onError(error as Ssh2Error);
    }
  }

  async #changePassword(message: string): Promise<void> {
    try {
      const password = await this.#config.login.changePassword(message);
      if (!this.#settled) sendPasswordChange(this.#client, { user: this.#target.user, ...password });
    } catch (error) {
      const reason = `${formatTarget(this.#target)}: ${errorMessage(error)}`;
      this.#fail(new RpcError("UNAUTHENTICATED", reason, { cause: error }));
    }
  }

  readonly #onError = (raw: Ssh2Error): void => {
    const error = printableError(raw);
    const { login } = this.#config;
    // One key that cannot sign: ssh2 goes on to the next.
    if (error.level === "client-authentication" && !login.exhausted) {
      login.note(error.message.replace(/^Error signing data with key: /, ""));
      return;
    }
    this.#progress.note(error);
    if (this.#settled) this.#socket.destroy();
    else this.#fail(this.#progress.failure());
  };

  readonly #onClose = (): void => this.#fail(this.#progress.failure());

  readonly #onAbort = (): void => {
    const cause = this.#config.signal?.reason as unknown;
    this.#fail(
      new RpcError("CANCELLED", `the attempt to connect to ${formatTarget(this.#target)} was cancelled`, { cause }),
    );
  };

  readonly #onReady = (): void => {
    this.#progress.advance("channel");
    try {
      this.#channel.open(this.#client, (error, channel) => {
        if (error) this.#fail(this.#channelFailure(error));
        else this.#succeed(channel);
      });
    } catch (error) {
      this.#onError(error as Ssh2Error);
    }
  };

  #succeed(channel: Raw): void {
    if (this.#settled) return;
    this.#settle();
    const duplex = this.#channel.wrap(channel, {
      connection: this.#client,
      socket: this.#socket,
      lost: () => this.#progress.lost(),
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
    this.#config.countdown.stop();
    this.#config.ended.abort();
    this.#socket.off("data", this.#listen);
    this.#config.signal?.removeEventListener("abort", this.#onAbort);
  }

  #channelFailure(raw: Ssh2Error): RpcError {
    const error = printableError(raw);
    if (this.#socket.destroyed) return this.#progress.failure();
    const address = formatTarget(this.#target);
    const why = this.#channel.refusal(error) ?? `opens no channel: ${printable(error.message)}`;
    const message = `${address} ${why}`;
    return new RpcError("UNAVAILABLE", message, { cause: error });
  }
}
