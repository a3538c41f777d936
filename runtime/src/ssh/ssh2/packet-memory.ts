import { randomFillSync } from "node:crypto";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client, Connection } from "ssh2";
import { internalsOf, type Protocol } from "./internals.js";

/** Bytes of a buffer for packets: the largest one that ssh2 sends has 32 KiB of data. */
const SIZE = 33 * 1024;

/** Unused buffers that all connections of the process keep together: 2 MiB. */
const MAX_SPARE = 64;

/** Lengths before the payload (RFC 4253, section 6): of the packet, 4 bytes, and of its padding, 1 byte. */
const HEADER = 5;

/** What the part of a packet that is encrypted is a multiple of, and the least padding. */
const BLOCK = 16;
const LEAST_PADDING = 4;

const spare: Buffer[] = [];
const reusable = new WeakMap<ArrayBufferLike, Buffer>();

/** Random bytes for padding, each used once: a call of the generator for each packet costs as much as the rest of a small one. */
const random = Buffer.allocUnsafeSlow(4096);
let used = random.length;

/**
 * Gives a connection its memory for packets. ssh2 allocates 33 KB for each large one (protocol/crypto.js:356), so that the garbage
 * collector takes more time than the cipher, and asks for random padding each time. Large ones are reused once the socket has
 * sent them: {@link sending} returns the callback for its write. Works on either side, from the first key exchange on.
 * test/unit/runtime/ssh/ssh2/packet-memory.test.ts notices a change.
 */
export function reusePackets(connection: Connection | Client, socket: Duplex): void {
  const { protocol } = internalsOf(connection);
  (connection as NodeJS.EventEmitter).on("handshake", () => allocate(protocol, socket instanceof Socket));
}

/** The callback for the write of a chunk; undefined for memory that is not reused. */
export function sending(chunk: unknown): ((error?: Error | null) => void) | undefined {
  const buffer = chunk instanceof Uint8Array ? reusable.get(chunk.buffer) : undefined;
  if (buffer === undefined) return undefined;
  return (error) => {
    // A socket that failed may still hold the memory.
    if (!error && spare.length < MAX_SPARE) spare.push(buffer);
  };
}

/** @param reuse whether the socket calls back when it no longer needs the memory */
function allocate({ _cipher: cipher }: Protocol, reuse: boolean): void {
  // AES-GCM, and AES-CTR with encrypt-then-MAC, do not encrypt the length. Others keep what ssh2 allocates.
  const smallest = cipher.allocPacket(0);
  if (smallest.readUInt32BE(0) !== BLOCK) return;
  const tag = smallest.length - 4 - BLOCK;
  cipher.allocPacket = (payload) => {
    const padding = LEAST_PADDING + ((-1 - payload - LEAST_PADDING) & (BLOCK - 1));
    const size = HEADER + payload + padding + tag;
    const packet = reuse && size <= SIZE && size * 2 > SIZE ? take().subarray(0, size) : Buffer.allocUnsafe(size);
    packet.writeUInt32BE(1 + payload + padding, 0);
    packet[4] = padding;
    pad(packet, HEADER + payload, padding);
    return packet;
  };
}

function take(): Buffer {
  const free = spare.pop();
  if (free !== undefined) return free;
  const buffer = Buffer.allocUnsafeSlow(SIZE);
  reusable.set(buffer.buffer, buffer);
  return buffer;
}

function pad(packet: Buffer, at: number, size: number): void {
  if (used + size > random.length) {
    randomFillSync(random);
    used = 0;
  }
  random.copy(packet, at, used, used + size);
  used += size;
}
