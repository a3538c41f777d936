/** The kinds of messages of a link; the first byte of each. */
export const LINK = { DATA: 0, END: 1, STATE: 2, RESET: 3 } as const;

/** Bytes before the data: the kind, then the number of the message, then how many bytes the sender has taken of the other direction. */
export const LINK_HEADER = 13;

/** A message of a link. A decoded one views the memory that it was decoded from. */
export interface LinkMessage {
  readonly kind: number;
  /** DATA and END are numbered from 0; in the others, the number that the next one of them has. */
  readonly number: number;
  /** The bytes that the sender has taken, since the link began. */
  readonly taken: number;
  readonly data: Uint8Array;
}

/** Encodes a message into memory of its own: the writer may reuse that of the pieces. */
export function encodeLinkMessage(kind: number, number: number, taken: number, pieces: readonly Uint8Array[]): Buffer {
  const message = Buffer.allocUnsafe(pieces.reduce((sum, { length }) => sum + length, LINK_HEADER));
  message.writeUInt8(kind, 0);
  message.writeUIntBE(number, 1, 6);
  message.writeUIntBE(taken, 7, 6);
  let at = LINK_HEADER;
  for (const piece of pieces) {
    message.set(piece, at);
    at += piece.length;
  }
  return message;
}

/** Undefined for what is not a message of a link. */
export function decodeLinkMessage(bytes: Uint8Array): LinkMessage | undefined {
  const [kind] = bytes;
  if (kind === undefined || bytes.length < LINK_HEADER || kind > LINK.RESET) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { kind, number: view.readUIntBE(1, 6), taken: view.readUIntBE(7, 6), data: view.subarray(LINK_HEADER) };
}
