// What an attacker of the fairness benchmark sends: frames of the native wire, and packets of SSH.
import { encodeFrame } from "../../../runtime/dist/wire/encode.js";
import { FLAG, FRAME } from "../../../runtime/dist/wire/frame.js";
import { PREAMBLE } from "../../../runtime/dist/wire/preamble.js";
import { fairnessApi } from "./api.js";

/** The number of what was sent, for the report. */
export const counts = { logins: 0, sent: 0, ends: 0 };

export const METHODS = fairnessApi.methods.map(({ id }) => id);

const CHUNK = 64 * 1024;

export function open(id, method, { body = "", credit = 0, stream = false } = {}) {
  return encodeFrame({ kind: FRAME.OPEN, id, method, credit, body, flags: stream ? FLAG.STREAM : 0 });
}

export function frame(kind, id, body) {
  return encodeFrame({ kind: FRAME[kind], id, body });
}

/** The preamble and a HELLO without a window of the connection, as of the first versions. */
export function hello(methods = METHODS) {
  const limits = { message: 4 * 1024 * 1024, calls: 1024, window: 256 * 1024 };
  return Buffer.concat([Buffer.from(PREAMBLE), frame("HELLO", 0, JSON.stringify({ agent: "bench", methods, limits }))]);
}

/**
 * Sends frames on channels of the native wire, as fast as they are taken. Channels that the server ends are opened again.
 * @param framesOf the frames of the next call; none for the end
 */
export function channels(client, count, framesOf, { read = true, methods = METHODS } = {}) {
  const begin = (error, channel) => {
    if (error) return;
    if (read) channel.resume();
    else channel.pause();
    channel
      .on("error", () => undefined)
      .once("close", () => {
        counts.ends++;
        setTimeout(() => isOpen(client) && client.subsys("sshrpc", begin), 100);
      });
    channel.write(hello(methods));
    let id = 1;
    const write = () => {
      for (;;) {
        const frames = [];
        for (let size = 0; size < CHUNK / 2; id += 2) {
          const next = framesOf(id);
          if (next.length === 0) break;
          for (const each of next) size += each.length;
          frames.push(...next);
          counts.sent++;
        }
        if (frames.length === 0 || channel.destroyed || !channel.writable) return;
        if (!channel.write(Buffer.concat(frames))) return channel.once("drain", () => setImmediate(write));
      }
    };
    write();
  };
  for (let at = 0; at < count; at++) client.subsys("sshrpc", begin);
}

/** A shell with a terminal and a long line. */
export function shell(client, send) {
  client.shell({ term: "xterm" }, (error, channel) => {
    if (error) return;
    channel.resume();
    channel.write("x".repeat(4000));
    setTimeout(() => flood(client, () => send(channel)), 500);
  });
}

/** A shell without a terminal; `send` writes on its channel, within the window if it is data. */
export function session(client, send, { data = false } = {}) {
  client.shell(false, (error, channel) => {
    if (error) return;
    channel.resume();
    const { id } = channel.outgoing;
    flood(client, () => {
      if (channel.outgoing.window > 40_000 || !data) send(id, client._protocol);
      if (data) channel.outgoing.window -= 16;
    });
  });
}

/** Sends packets as fast as the socket takes them; `send` returns false if it has none at the moment. */
export function flood(client, send) {
  const socket = client._sock;
  const write = () => {
    try {
      for (let at = 0; at < 1000 && socket.writableLength < CHUNK && !socket.destroyed; at++) {
        if (send() === false) break;
        counts.sent++;
      }
    } catch {
      return;
    }
    if (!socket.destroyed) setTimeout(write, 0);
  };
  write();
}

export function packet(client, type, ...parts) {
  const payload = Buffer.concat([Buffer.from([type]), ...parts]);
  const { _packetRW, _cipher } = client._protocol;
  const target = _packetRW.write.alloc(payload.length);
  payload.copy(target, _packetRW.write.allocStart);
  _cipher.encrypt(_packetRW.write.finalize(target));
}

export function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function string(value) {
  return Buffer.concat([uint32(value.length), Buffer.from(value)]);
}

function isOpen(client) {
  return client._sock !== undefined && !client._sock.destroyed;
}
