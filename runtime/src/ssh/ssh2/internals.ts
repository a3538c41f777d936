import type { Socket } from "node:net";
import type { AuthContext, Channel, Client, Connection, ParsedKey, Session } from "ssh2";

/** SSH_MSG_KEXINIT (RFC 4253, section 12). */
export const KEXINIT = 20;

/** SSH_MSG_GLOBAL_REQUEST (RFC 4254, section 4). */
export const GLOBAL_REQUEST = 80;

// The private state of ssh2 1.17.0 that this folder reads or changes. No file outside ssh/ssh2 touches it (test/layers).

/** A handler of one message. */
type MessageHandler<Args extends readonly unknown[]> = (protocol: unknown, ...args: Args) => unknown;

/** How far one direction of a channel has come. */
type DirectionState = "open" | "eof" | "closing" | "closed";

/** The flow control of a channel (Channel.js:111). */
export interface ChannelState {
  readonly incoming: { readonly id: number; readonly window: number; state: DirectionState };
  readonly outgoing: { readonly id: number; readonly state: DirectionState; window: number; packetSize: number };
}

/** A channel of either side (Channel.js). */
export interface ChannelInternals extends ChannelState {
  readonly _client: { readonly _protocol: { exitStatus(recipient: number, status: number): void } };
  /**
   * Set while a write waits for the window; the next window adjustment then resumes the pending chunk, or calls its
   * callback.
   */
  _waitWindow: boolean;
  _chunk: Buffer | undefined;
  _chunkcb: (() => void) | undefined;
  _chunkErr: Buffer | undefined;
  _chunkcbErr: unknown;
  eof(): void;
  close(): void;
  exit?(status: number): void;
}

/** A session before and after a program runs in it (server.js:188). */
interface SessionInternals {
  /** Whether EOF or CLOSE came: requests are ignored from then on. */
  _ending: boolean;
  /** The channel of its program; undefined before one runs. */
  readonly _channel: Channel | undefined;
  readonly _chanInfo: ChannelState;
}

/** A request to authenticate, at the server (server.js:52). */
interface AuthContextInternals {
  readonly _protocol: Pick<Protocol, "_authsQueue" | "authPasswdChg">;
  /** Whether the request was answered in part: the next request then replaces it. */
  _initialResponse: boolean;
}

/** Names of algorithms, in the order of preference. */
interface NameList {
  /** What the negotiation uses; the bytes that are sent were encoded from it before. */
  array: readonly string[];
}

/** The offered algorithms of one direction. */
interface OfferedDirection {
  readonly cipher: NameList;
  readonly mac: NameList;
  readonly compress: NameList;
  readonly lang: NameList;
}

/** The key exchange in progress (protocol/kex.js:509). */
export interface KeyExchange {
  /** The exchange hash of the first key exchange (RFC 4253, section 7.2); undefined during it. */
  readonly sessionID: Buffer | undefined;
  remoteExtInfoEnabled: boolean;
  readonly negotiated: {
    kex: string;
    serverHostKey: string;
    /** From the client to the server. */
    readonly cs: { readonly cipher: string };
  };
  /** Of a Diffie-Hellman exchange in a fixed group alone, such as `modp16` (protocol/kex.js:1547). */
  readonly groupName?: string;
  _hostKey: Buffer | undefined;
  /** The peer's KEXINIT, for the exchange hash. */
  _remoteKexinit: Buffer | undefined;
}

/** Gets the data to sign, and passes the signature on. */
type SignCallback = (data: Buffer, send: (signature: Buffer) => void) => void;

/** The protocol object of a connection (protocol/Protocol.js). */
export interface Protocol {
  /** Receives each packet outside a key exchange; the key exchange reads this field when it ends. */
  _onPayload: (payload: Buffer) => unknown;
  /** Message handlers by name; each connection has its own. */
  readonly _handlers: object;
  /** Our KEXINIT; set during a key exchange alone. */
  readonly _kexinit?: Buffer;
  /** Packets that wait for the end of the key exchange. */
  _queue?: Buffer[];
  readonly _kex?: KeyExchange;
  /** Whether the peer has guessed another key exchange: its next packet is ignored. */
  _skipNextInboundPacket: boolean;
  /** Whether this is the side of the server. */
  readonly _server: boolean;
  /** Called with the peer's identification string, before our KEXINIT is sent. */
  _onHeader: (header: unknown) => void;
  _debug: ((line: string) => void) | undefined;
  _onHandshakeComplete: (negotiated: unknown) => void;
  /** Reports the error that ends the connection. */
  _onError: (error: Error) => void;
  /** The identification string of the peer, without the end of the line. */
  readonly _remoteIdentRaw?: Buffer;
  /** The algorithms that each key exchange offers. */
  _offer: {
    readonly lists: {
      readonly kex: NameList;
      readonly serverHostKey: NameList;
      readonly cs: OfferedDirection;
      readonly sc: OfferedDirection;
    };
  };
  /** Handles a chunk of the socket. */
  parse: (chunk: Buffer, start: number, end: number) => void;
  /** Handles what comes next in a chunk; returns the offset to continue at. */
  readonly _parse: (chunk: Buffer, start: number, end: number) => number;
  /** At a client undefined before the server has identified itself. */
  readonly _decipher: { _onPayload: (payload: Buffer) => unknown };
  /** Each key exchange brings a new one. */
  readonly _cipher: { allocPacket: (payload: number) => Buffer; encrypt(packet: Buffer): void };
  readonly _packetRW: {
    readonly write: {
      readonly allocStart: number;
      readonly allocStartKEX: number;
      alloc(size: number, force?: boolean): Buffer;
      finalize(packet: Buffer, force?: boolean): Buffer;
    };
  };
  /** The methods of the authentication requests without an answer, oldest first. */
  readonly _authsQueue: string[];
  authPK(user: string, key: ParsedKey, algorithm?: string, sign?: SignCallback): void;
  authPassword(user: string, password: string, newPassword?: string): void;
  authPasswdChg(prompt: string): void;
  authPKOK(algorithm: string, key: Buffer): void;
  service(name: string): void;
  /** @param recipient the number of the channel at the peer */
  subsystem(recipient: number, ...request: readonly unknown[]): void;
  channelOpenFail(id: number, reason: number, description?: string): void;
  channelFailure(id: number): void;
  channelSuccess(id: number): void;
  channelClose(id: number): void;
  channelData(id: number, data: Buffer): void;
  requestSuccess(data?: Buffer): void;
  requestFailure(): void;
  disconnect: (code: number) => void;
  rekey(): void;
  /** Sends `keepalive@openssh.com`. */
  ping(): void;
}

/** The channels of a connection by local number (utils.js:124). */
export interface ChannelManager {
  readonly _count: number;
  /** Channels that are open or opening. */
  readonly _channels: Readonly<Record<number, unknown>>;
  get(id: number): unknown;
  remove(id: number): void;
}

/** The protocol and the channels of a connection of either side; a client has them from `connect` on. */
export function internalsOf(connection: Connection | Client): { protocol: Protocol; channels: ChannelManager } {
  const { _protocol, _chanMgr } = connection as unknown as { _protocol: Protocol; _chanMgr: ChannelManager };
  return { protocol: _protocol, channels: _chanMgr };
}

/** The callbacks of a client's global requests without an answer, oldest first (client.js:501). */
export function globalReplies(client: Client): ((failed: boolean, data?: Buffer | null) => void)[] {
  return (client as unknown as { readonly _callbacks: ReturnType<typeof globalReplies> })._callbacks;
}

/** The private state of a channel. */
export function channelInternals(channel: Channel): ChannelInternals {
  return channel as unknown as ChannelInternals;
}

/** The private state of a session. */
export function sessionInternals(session: Session): SessionInternals {
  return session as unknown as SessionInternals;
}

/** The private state of a request to authenticate. */
export function authInternals(context: AuthContext): AuthContextInternals {
  return context as unknown as AuthContextInternals;
}

/** The socket of a server's connection. */
export function socketOf(connection: Connection): Socket {
  return (connection as Connection & { readonly _sock: Socket })._sock;
}

/** The identification string of the client, such as `SSH-2.0-OpenSSH_9.2`; undefined before it has arrived. */
export function identificationOf(connection: Connection): string | undefined {
  return internalsOf(connection).protocol._remoteIdentRaw?.toString("latin1");
}

/** Whether a connection exchanges keys at the moment. ssh2 queues what is sent meanwhile, without a bound. */
export function isExchangingKeys(connection: object): boolean {
  return (connection as { readonly _protocol?: Protocol })._protocol?._kexinit !== undefined;
}

/** Replaces the handler of a message with one that may call it. */
export function wrapHandler<Args extends readonly unknown[]>(
  protocol: Protocol,
  message: string,
  wrap: (next: MessageHandler<Args>) => MessageHandler<Args>,
): void {
  const handlers = protocol._handlers as Record<string, MessageHandler<Args> | undefined>;
  handlers[message] = wrap(handlers[message] ?? (() => undefined));
}

/** Sends a payload, or queues it until the key exchange in progress ends, as ssh2 does (protocol/utils.js:343). */
export function sendPayload(protocol: Protocol, payload: Buffer): void {
  const packet = packetOf(protocol, payload);
  if (protocol._kexinit === undefined) protocol._cipher.encrypt(packet);
  else protocol._queue = [...(protocol._queue ?? []), packet];
}

/** A packet with this payload, ready to be queued or, outside of a key exchange, to be encrypted. */
function packetOf({ _packetRW: { write } }: Protocol, payload: Buffer): Buffer {
  const packet = write.alloc(payload.length);
  payload.copy(packet, write.allocStart);
  return write.finalize(packet);
}

/** Sends a payload at once, also during a key exchange, as ssh2 sends its own messages of the transport (protocol/Protocol.js:324). */
export function sendAtOnce({ _packetRW: { write }, _cipher }: Protocol, payload: Buffer): void {
  const packet = write.alloc(payload.length, true);
  payload.copy(packet, write.allocStartKEX);
  _cipher.encrypt(write.finalize(packet, true));
}

/** Calls ssh2 and ignores the error that it throws once the connection has ended: no reply can reach the peer then. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // See above.
  }
}
