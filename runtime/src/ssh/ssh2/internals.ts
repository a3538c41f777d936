import type { Client, Connection } from "ssh2";

/** A channel as ssh2 keeps its account of it, or a session that has none yet. */
export interface ChannelState {
  readonly incoming: { readonly window: number };
  readonly outgoing: { readonly id: number; window: number; packetSize: number };
}

/** Names of algorithms, in the order of preference. */
interface NameList {
  readonly array: readonly string[];
}

/** What is offered for what the client sends, or for what the server does. */
interface OfferedDirection {
  readonly cipher: NameList;
  readonly mac: NameList;
  readonly compress: NameList;
  readonly lang: NameList;
}

/** The parts of an ssh2 connection's protocol that its types do not show, as version 1.17.0 has them. */
export interface Protocol {
  /** Takes each packet that is no part of a key exchange; what is set before the first exchange ends is what counts. */
  _onPayload: (payload: Buffer) => unknown;
  /** What the packets mean, by the name of their message; each connection has its own. */
  readonly _handlers: Record<string, ((...args: never[]) => unknown) | undefined>;
  /** Set while a key exchange goes on. */
  readonly _kexinit?: Buffer;
  /** What waits for it to end. */
  readonly _queue?: readonly unknown[];
  readonly _kex?: { remoteExtInfoEnabled: boolean };
  _onHandshakeComplete: (negotiated: unknown) => void;
  /** Who the other side says it is, without the end of the line. */
  readonly _remoteIdentRaw?: Buffer;
  /** What each exchange of keys offers. */
  _offer: {
    readonly lists: {
      readonly kex: NameList;
      readonly serverHostKey: NameList;
      readonly cs: OfferedDirection;
      readonly sc: OfferedDirection;
    };
  };
  readonly _decipher: { _onPayload: (payload: Buffer) => unknown };
  readonly _cipher: { encrypt(packet: Buffer): void };
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): Buffer };
  };
  authPKOK(algorithm: string, key: Buffer): void;
  channelOpenFail(id: number, reason: number, description?: string): void;
  channelFailure(id: number): void;
  channelSuccess(id: number): void;
  channelClose(id: number): void;
  channelData(id: number, data: Buffer): void;
  requestFailure(): void;
  rekey(): void;
}

/** The channels of a connection, by the number that it has given them. */
export interface Channels {
  readonly _count: number;
  get(id: number): unknown;
  remove(id: number): void;
}

/** What ssh2 keeps to itself of a connection, of either side. A client has it once it was told to connect. */
export function internalsOf(connection: Connection | Client): { protocol: Protocol; channels: Channels } {
  const { _protocol, _chanMgr } = connection as unknown as { _protocol: Protocol; _chanMgr: Channels };
  return { protocol: _protocol, channels: _chanMgr };
}

/** Whether a connection exchanges keys at this moment: what is sent meanwhile is kept in memory, without a bound. */
export function isExchangingKeys(connection: object): boolean {
  return (connection as { readonly _protocol?: Protocol })._protocol?._kexinit !== undefined;
}

/** A packet of ssh2's with this payload, to be encrypted. */
export function packetOf({ _packetRW: { write } }: Pick<Protocol, "_packetRW">, payload: Buffer): Buffer {
  const packet = write.alloc(payload.length);
  payload.copy(packet, write.allocStart);
  return write.finalize(packet);
}
