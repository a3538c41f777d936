import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { AuthContext, Connection, PublicKeyAuthContext, ServerChannel, Session } from "ssh2";
import type { Logger } from "../log.js";
import type { Peer } from "../peer.js";
import { decidePublicKey } from "./auth/public-key.js";
import { ChannelDuplex } from "./channel-duplex.js";
import { hangUp } from "./hang-up.js";
import type { KeyLookup } from "./keys/key-lookup.js";
import { printable } from "./printable.js";
import { SUBSYSTEM } from "./subsystem.js";

/** Takes a channel of a peer that is proven. Whoever takes it destroys it. */
export type AcceptChannel = (duplex: Duplex, peer: Peer) => void;

/** What a server does with its connections. */
export interface IncomingSettings {
  readonly lookup: KeyLookup;
  readonly accept: AcceptChannel;
  readonly maxAuthTries: number;
  readonly maxChannels: number;
  readonly log: Logger;
}

/**
 * The smallest packets that a client may ask for (RFC 4254, section 5.1). With 0, ssh2 would write for ever, and with
 * 1 for seconds.
 */
const MIN_PACKET = 1024;

/** One SSH connection of a server: it lets its peer in, and gives each subsystem channel to whoever accepts them. */
export class IncomingConnection {
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #address: string;
  readonly #settings: IncomingSettings;
  #peer: Peer | undefined;
  #tries = 0;
  #channels = 0;
  #closed = false;
  #closing = false;
  #reason: string | undefined;

  /** Made in the turn in which ssh2 announces the connection: an error that nobody hears would end the process. */
  constructor(connection: Connection, socket: Socket, address: string, settings: IncomingSettings) {
    this.#connection = connection;
    this.#socket = socket;
    this.#address = address;
    this.#settings = settings;
    // Each channel listens to both for its end.
    connection.setMaxListeners(0);
    socket.setMaxListeners(0);
    connection.on("error", (error: Error) => {
      this.#reason ??= error.message;
      // ssh2 may go on reading after an error; nothing good comes after one.
      socket.destroy();
    });
    connection.on("close", () => {
      this.#closed = true;
      const fields = { ...this.#who, ...(this.#reason && { reason: printable(this.#reason) }) };
      settings.log.info(fields, "SSH connection closed");
    });
    connection.on("authentication", (context: AuthContext) => void this.#authenticate(context));
    connection.on("session", (accept, reject) => this.#openSession(accept, reject));
    settings.log.debug({ address }, "SSH connection");
  }

  /** Whether the peer has proven who it is. */
  get authenticated(): boolean {
    return this.#peer !== undefined;
  }

  /** Says goodbye and closes. */
  close(): void {
    this.#closing = true;
    hangUp(this.#connection, this.#socket);
  }

  get #who(): object {
    const { user, fingerprint, keyName, address = this.#address } = this.#peer ?? {};
    return { address, ...(user !== undefined && { user, fingerprint }), ...(keyName !== undefined && { keyName }) };
  }

  async #authenticate(context: AuthContext): Promise<void> {
    // What was sent ahead is not worth an answer any more.
    if (this.#closing) return;
    // Clients begin with "none" to learn the methods: the first one counts as no try (RFC 4252, section 5.2).
    if (context.method === "none" && this.#tries === 0) this.#answer(() => context.reject(["publickey"]));
    else if (context.method === "publickey") await this.#checkKey(context);
    else this.#refuse(context, `the method ${context.method} is not offered`);
  }

  async #checkKey(context: PublicKeyAuthContext): Promise<void> {
    const decision = await decidePublicKey(context, this.#settings.lookup, this.#address);
    if (this.#closed) return;
    if (decision.outcome === "refused") {
      this.#refuse(context, decision.reason, decision.key?.fingerprint);
      return;
    }
    if (decision.outcome === "proven") {
      this.#peer = decision.peer;
      this.#settings.log.info({ ...this.#who, scopes: decision.peer.scopes }, "authenticated");
    }
    this.#answer(() => context.accept());
  }

  #refuse(context: AuthContext, reason: string, fingerprint?: string): void {
    this.#tries++;
    const fields = { address: this.#address, user: printable(context.username), fingerprint, reason };
    this.#settings.log.info(fields, "authentication refused");
    this.#answer(() => context.reject(["publickey"]));
    if (this.#tries < this.#settings.maxAuthTries) return;
    this.#reason ??= `${this.#tries} failed attempts to authenticate`;
    this.close();
  }

  /** ssh2 throws where the connection ended while the answer was looked for. */
  #answer(send: () => void): void {
    try {
      send();
    } catch (error) {
      this.#reason ??= (error as Error).message;
      this.#socket.destroy();
    }
  }

  #openSession(accept: () => Session, reject: () => void): void {
    const peer = this.#peer;
    if (peer === undefined || this.#channels >= this.#settings.maxChannels) {
      reject();
      return;
    }
    // A session without a channel never gives its place back: ssh2 keeps what belongs to it until the connection ends.
    this.#channels++;
    const session = accept() as Session & {
      readonly _chanInfo: { readonly outgoing: { readonly packetSize: number } };
    };
    const { packetSize } = session._chanInfo.outgoing;
    if (packetSize < MIN_PACKET) {
      this.#reason ??= `the client asks for packets of ${packetSize} bytes`;
      this.#socket.destroy();
      return;
    }
    // Shell, exec, pty, environment and forwarding are refused by ssh2 where nobody listens for them.
    session.on("subsystem", (take: () => ServerChannel | undefined, refuse: (() => void) | undefined, info) => {
      if (info.name === SUBSYSTEM) this.#openChannel(take(), peer);
      else refuse?.();
    });
  }

  /** @param channel Undefined where the session has one already. */
  #openChannel(channel: ServerChannel | undefined, peer: Peer): void {
    if (channel === undefined) return;
    channel.on("close", () => this.#channels--);
    const duplex = new ChannelDuplex(channel, {
      connection: this.#connection,
      socket: this.#socket,
      lost: () =>
        new Error(`the connection of ${this.#address} was lost${this.#reason ? `: ${printable(this.#reason)}` : ""}`),
      server: true,
    });
    try {
      this.#settings.accept(duplex, peer);
    } catch (error) {
      this.#settings.log.error({ ...this.#who, err: error }, "the channel could not be served");
      duplex.destroy();
    }
  }
}
