import type { EventEmitter } from "node:events";
import { connect } from "node:net";
import ssh2, { type AnyAuthMethod, type Client } from "ssh2";
import { onAbort } from "../../base/async/with-signal.js";
import { errorMessage } from "../../base/error-message.js";
import { printable } from "../../base/printable.js";
import { clientAlgorithms, offeredKex } from "../algorithms.js";
import { printableError } from "../printable-error.js";
import { SshError, type SshErrorKind } from "../ssh-error.js";
import { sendPasswordChange } from "../ssh2/auth/client-auth.js";
import type { Carrier } from "../ssh2/channels/carrier.js";
import { gatherWrites } from "../ssh2/gather-writes.js";
import { breakOff, hangUp } from "../ssh2/hang-up.js";
import { guardDial } from "../ssh2/packets/guard-dial.js";
import { askForCertificates, showPlainKey } from "../ssh2/packets/host-certificates.js";
import { formatTarget, type Target } from "../target.js";
import { Login } from "./auth/login.js";
import { patchLogin } from "./auth/patch-login.js";
import type { DialChannel } from "./dial-channel.js";
import type { DialConfig } from "./dial-config.js";
import { unanswered } from "./dial-error.js";
import { DialProgress, type Ssh2Error } from "./dial-progress.js";
import { learnProvenKeys } from "./trust/learn-proven-keys.js";

/** Several addresses of a name are tried in turn. An unanswered SYN is sent again after a second, so each gets more than that. */
const ADDRESSES = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 1500 } as const;

/** Texts for the server of a client that gives up. */
const GIVING_UP: Readonly<Partial<Record<SshErrorKind, string>>> = {
  unauthenticated: "no more authentication methods to try",
  cancelled: "the client has cancelled the connection",
};

type NextMethod = (method: AnyAuthMethod | false) => void;

/** Makes one SSH connection, and resolves with the channel on it; the connection closes with the channel. */
export function dialConnection<Opened extends EventEmitter, Raw extends EventEmitter>(
  target: Target,
  config: DialConfig,
  channel: DialChannel<Opened, Raw>,
): Promise<Opened> {
  return new Dial(target, config, channel).result;
}

class Dial<Opened extends EventEmitter, Raw extends EventEmitter> {
  readonly result: Promise<Opened>;
  readonly #target: Target;
  readonly #channel: DialChannel<Opened, Raw>;
  readonly #config: DialConfig;
  readonly #login: Login;
  readonly #progress: DialProgress;
  readonly #socket: Carrier;
  readonly #client: Client;
  #resolve: (duplex: Opened) => void = () => {};
  #reject: (error: SshError) => void = () => {};
  #confirmed: Promise<void> | undefined;
  #settled = false;
  /** The channel that the caller has; the server may still refuse what was requested on it. */
  #opened: Raw | undefined;
  readonly #removeAbort: () => void;

  constructor(target: Target, config: DialConfig, channel: DialChannel<Opened, Raw>) {
    this.#target = target;
    this.#channel = channel;
    this.#config = config;
    const onGiveUp = (reason: string): void =>
      this.#fail(new SshError("unauthenticated", `${formatTarget(target)} ${reason}${this.#login.record.problems}`));
    this.#login = new Login({ ...config.login, onGiveUp });
    this.#progress = new DialProgress(target, config, this.#login);
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { host, port } = target;
    // With Nagle's algorithm, a call waits 40 ms or more for the delayed acknowledgement of the peer.
    this.#socket = config.carrier ?? connect({ host, port, noDelay: true, keepAlive: true, ...ADDRESSES });
    gatherWrites(this.#socket);
    this.#client = new ssh2.Client();
    config.timer.start(() => this.#fail(this.#progress.timeout()));
    this.#socket.on("error", () => {}).on("close", this.#onClose);
    this.#client
      .on("error", this.#onError)
      .on("connect", () => this.#progress.advance("greeting"))
      .on("handshake", this.#onHandshake)
      .on("change password", (message) => void this.#changePassword(message))
      .on("ready", this.#onReady);
    const { signal } = config;
    this.#removeAbort = signal === undefined ? () => {} : onAbort(signal, this.#onAbort);
    if (signal?.aborted !== true) this.#start();
  }

  #start(): void {
    const { ident, verifier, algorithms, keepalive, debug, ended } = this.#config;
    const authHandler = (methods: string[] | null, partial: boolean | null, done: NextMethod) =>
      void this.#authenticate(methods, partial === true, done);
    try {
      this.#client.connect({
        sock: this.#socket,
        username: this.#target.user,
        ident,
        algorithms: clientAlgorithms(verifier.knownTypes, algorithms),
        hostVerifier: (key: Buffer, done: (accepted: boolean) => void) => this.#verify(key, done),
        authHandler: authHandler as never,
        readyTimeout: 0,
        ...(debug && { debug }),
      });
      patchLogin(this.#client, this.#login, ended.signal);
      learnProvenKeys(this.#client, verifier, debug);
      if (verifier.wantsCertificate) askForCertificates(this.#client);
      const abort = (reason: string): void => this.#onError(new Error(reason), reason);
      const lost = (reason: string): void => this.#onError(new Error(reason));
      const connection = { client: this.#client, socket: this.#socket, kex: offeredKex(algorithms) };
      guardDial({ ...connection, keepalive: { ...keepalive, lost }, abort });
    } catch (error) {
      this.#onError(error as Ssh2Error);
    }
    // ssh2 has paused the socket: this listener does not make it flow.
    this.#socket.on("data", this.#onData);
  }

  readonly #onData = (data: Buffer): void => {
    if (!this.#progress.receive(data)) this.#socket.off("data", this.#onData);
  };

  #verify(key: Buffer, done: (accepted: boolean) => void): void {
    const { verifier, timer } = this.#config;
    const accepted = verifier.verify(key);
    // ssh2 verifies the signature with the plain key, which it needs before the next packet.
    if (verifier.certified !== undefined) showPlainKey(this.#client, key, verifier.certified.blob);
    if (typeof accepted === "boolean") done(accepted);
    else void timer.pauseFor(accepted).then((answer) => this.#settled || done(answer));
  }

  /** The host has proven possession of its key. Emitted again after each rekey. */
  readonly #onHandshake = (): void => {
    this.#progress.advance("authentication");
    this.#confirmed ??= this.#config.verifier.confirm();
    this.#confirmed.catch(() => {});
  };

  async #authenticate(methods: string[] | null, partial: boolean, done: NextMethod): Promise<void> {
    try {
      await this.#confirmed;
      const method = await this.#login.next({ methods, partial });
      if (!this.#settled) done(method);
    } catch (error) {
      this.#onError(error as Ssh2Error);
    }
  }

  async #changePassword(message: string): Promise<void> {
    try {
      const password = await this.#login.changePassword(message);
      if (!this.#settled) sendPasswordChange(this.#client, { user: this.#target.user, ...password });
    } catch (error) {
      const reason = `${formatTarget(this.#target)}: ${errorMessage(error)}`;
      this.#fail(new SshError("unauthenticated", reason, { cause: error }));
    }
  }

  /** @param text for the server, where the client ends the connection */
  readonly #onError = (raw: Ssh2Error, text?: string): void => {
    const error = printableError(raw);
    // A key failed to sign; ssh2 continues with the next method.
    if (error.level === "client-authentication" && !this.#login.exhausted) {
      this.#login.record.addProblem(error.message.replace(/^Error signing data with key: /, ""));
      return;
    }
    this.#progress.addError(error);
    if (!this.#settled) this.#fail(this.#failure(), text);
    else if (text === undefined) this.#socket.destroy();
    else breakOff(this.#client, this.#socket, text);
  };

  readonly #onClose = (): void => this.#fail(this.#failure());

  readonly #onAbort = (): void => {
    const cause = this.#config.signal?.reason as unknown;
    this.#fail(
      new SshError("cancelled", `the attempt to connect to ${formatTarget(this.#target)} was cancelled`, { cause }),
    );
  };

  readonly #onReady = (): void => {
    this.#progress.advance("channel");
    try {
      this.#channel.open(
        this.#client,
        (error, channel) => (error ? this.#fail(this.#channelFailure(error)) : this.#succeed(channel)),
        (channel) => this.#deliver(channel),
      );
    } catch (error) {
      this.#onError(error as Ssh2Error);
    }
  };

  #succeed(channel: Raw): void {
    if (this.#settled) return;
    this.#deliver(channel);
    this.#settle();
  }

  #deliver(channel: Raw): void {
    if (this.#settled || this.#opened !== undefined) return;
    this.#opened = channel;
    this.#removeAbort();
    const duplex = this.#channel.wrap(channel, {
      connection: this.#client,
      socket: this.#socket,
      lost: () => this.#config.mapError(this.#progress.lost()) as Error,
      server: false,
    });
    // The connection may be lost in this turn, before the caller of `dial` has a listener.
    duplex
      .on("error", () => {})
      .once("close", () => {
        this.#settle();
        hangUp(this.#client, this.#socket, "the client closes the connection");
      });
    this.#resolve(duplex);
  }

  /** @param text for the server; the message of the error may be private */
  #fail(error: SshError, text = GIVING_UP[error.kind] ?? "the client gives up"): void {
    if (this.#settled) return;
    this.#settle();
    if (this.#opened === undefined) this.#reject(error);
    else this.#opened.emit("error", this.#config.mapError(unanswered(error)));
    breakOff(this.#client, this.#socket, text);
  }

  #settle(): void {
    this.#settled = true;
    this.#config.timer.stop();
    this.#config.ended.abort();
    this.#socket.off("data", this.#onData);
    this.#removeAbort();
  }

  #failure(): SshError {
    return this.#opened === undefined ? this.#progress.failure() : this.#progress.lost();
  }

  #channelFailure(raw: Ssh2Error): SshError {
    const error = printableError(raw);
    if (this.#socket.destroyed) return this.#failure();
    const address = formatTarget(this.#target);
    const why = this.#channel.refusal(error) ?? `rejected the channel: ${printable(error.message)}`;
    return new SshError("unavailable", `${address} ${why}`, { cause: error });
  }
}
