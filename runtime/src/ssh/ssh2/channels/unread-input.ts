import type { Channel } from "ssh2";
import type { ConnectionAccount } from "../../../base/accounts/connection-account.js";

/** Bytes of memory that a chunk takes beside its data: a channel of 1-byte messages takes hundreds of times its data. */
const CHUNK = 256;

/** What a channel may hold without being charged, and the amounts in which more is. */
const BLOCK = 16 * 1024;

/**
 * Charges the data that a channel of ssh2 buffers while its reader has paused it, up to two windows, to the account of the
 * connection. ssh2 calls `push` for each message with data (server.js:739).
 * @param full called with the reason where the account has no room
 * @returns the function that gives everything back
 */
export function chargeUnread(channel: Channel, account: ConnectionAccount, full: (reason: string) => void): () => void {
  const push = channel.push.bind(channel);
  let chunks = 0;
  let charged = 0;
  let isReleased = false;
  const settle = (): void => {
    const blocks = Math.floor((channel.readableLength + chunks * CHUNK) / BLOCK) * BLOCK;
    if (blocks === charged || isReleased) return;
    const excess = blocks > charged ? account.take("bytes", blocks - charged) : undefined;
    if (excess === undefined) {
      if (blocks < charged) account.give("bytes", charged - blocks);
      charged = blocks;
    } else {
      full(`no memory for input that is not read: at the limit of ${excess.limit} bytes (${excess.level})`);
    }
  };
  channel.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    const before = channel.readableLength;
    const isReady = push(chunk, encoding);
    if (channel.readableLength > before) {
      chunks += 1;
      settle();
    }
    return isReady;
  };
  channel.on("data", () => {
    if (chunks === 0) return;
    chunks -= 1;
    settle();
  });
  return () => {
    if (isReleased) return;
    isReleased = true;
    account.give("bytes", charged);
    channel.push = push;
  };
}
