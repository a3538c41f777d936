import { connect, type Socket } from "node:net";
import { string, uint32 } from "../../../../../../runtime/src/ssh/keys/format/binary-writer.js";
import { startTcp } from "../../support.js";

/** Messages of the first key exchange (RFC 4253, sections 7 and 8). */
export const KEXINIT = 20;
export const NEWKEYS = 21;
export const INIT = 30;
export const REPLY = 31;

/** Changes the payload of a packet; an array has the payloads that are sent in its place. */
export type Tamper = (payload: Buffer) => Buffer | readonly Buffer[];

/** A packet before encryption (RFC 4253, section 6). */
export function packet(payload: Buffer): Buffer {
  const padding = 11 - ((payload.length + 8) % 8);
  return Buffer.concat([uint32(payload.length + padding + 1), Buffer.of(padding), payload, Buffer.alloc(padding)]);
}

/** Replaces a string of the message, counted from 0, as a machine in the middle may. */
export function replaceString(payload: Buffer, index: number, change: (value: Buffer) => Buffer): Buffer {
  let at = 1;
  for (let skipped = 0; skipped < index; skipped++) at += 4 + payload.readUInt32BE(at);
  const end = at + 4 + payload.readUInt32BE(at);
  return Buffer.concat([payload.subarray(0, at), string(change(payload.subarray(at + 4, end))), payload.subarray(end)]);
}

/** A relay that changes the packets of the first key exchange, which are not encrypted. @returns its port */
export function startTamperingRelay(
  to: number,
  { toServer = (payload) => payload, toClient = (payload) => payload }: { toServer?: Tamper; toClient?: Tamper },
): Promise<number> {
  return startTcp((client) => {
    const server = connect(to, "127.0.0.1");
    pass(client, server, toServer);
    pass(server, client, toClient);
  });
}

function pass(from: Socket, to: Socket, tamper: Tamper): void {
  let unread = Buffer.alloc(0);
  let isIdentified = false;
  let isEncrypted = false;
  from.on("error", () => to.destroy()).on("close", () => to.destroy());
  from.on("data", (chunk) => {
    unread = Buffer.concat([unread, chunk]);
    if (!isIdentified) {
      const end = unread.indexOf("\n") + 1;
      if (end === 0) return;
      to.write(unread.subarray(0, end));
      unread = unread.subarray(end);
      isIdentified = true;
    }
    while (!isEncrypted && unread.length >= 4 && unread.length >= 4 + unread.readUInt32BE()) {
      const end = 4 + unread.readUInt32BE();
      const payload = Buffer.from(unread.subarray(5, end - (unread[4] as number)));
      unread = unread.subarray(end);
      for (const changed of [tamper(payload)].flat() as readonly Buffer[]) to.write(packet(changed));
      isEncrypted = payload[0] === NEWKEYS;
    }
    if (!isEncrypted) return;
    to.write(unread);
    unread = Buffer.alloc(0);
  });
}
