// One attacker of the fairness benchmark: a key without scopes that runs one attack until its parent stops it.
import { setPriority } from "node:os";
import ssh2 from "ssh2";
import { encodeFrame } from "../runtime/dist/wire/encode.js";
import { FRAME } from "../runtime/dist/wire/frame.js";
import { PREAMBLE } from "../runtime/dist/wire/preamble.js";
import { fairnessApi } from "./fairness-api.js";

const [attack, port, privateKey] = process.argv.slice(2);
const METHODS = fairnessApi.methods.map(({ id }) => id);
const [ECHO, WAIT, TEXTS, SECRET] = METHODS.keys();
const CHUNK = 64 * 1024;
/** What one turn of an attacker sends; counted for the report. */
let sent = 0;
let ends = 0;

const attacks = {
  "open and cancel": (client) => channels(client, 1, (id) => [open(id, WAIT), frame(FRAME.CANCEL, id)]),
  "small calls on 8 channels": (client) => channels(client, 8, (id) => [open(id, ECHO, '{"value":42}')]),
  "refused calls": (client) => channels(client, 1, (id) => [open(id, SECRET)]),
  "unread streams on 8 channels": (client) =>
    channels(client, 8, (id) => (id > 2046 ? [] : [open(id, TEXTS, "", 256 * 1024)]), { read: false }),
  "window changes": (client) =>
    shell(client, (channel) => {
      channel.setWindow(24, 80 + (sent % 2), 0, 0);
    }),
  "environment variables": (client) => session(client, (id, protocol) => protocol.env(id, "RPC_A", "1", false)),
  signals: (client) => shell(client, (channel) => channel.signal("HUP")),
  "global requests": (client) =>
    flood(client, () => packet(client, 80, string("keepalive@openssh.com"), Buffer.from([0]))),
  ignore: (client) => flood(client, () => packet(client, 2, string("x"))),
  debug: (client) => flood(client, () => packet(client, 4, Buffer.from([0]), string("x"), string(""))),
  unimplemented: (client) => flood(client, () => packet(client, 3, uint32(1))),
  "extension info": (client) => flood(client, () => packet(client, 7, uint32(1), string("ping"), string("0"))),
  "window adjusts": (client) => session(client, (id) => packet(client, 93, uint32(id), uint32(1))),
  "channels opened": (client) =>
    flood(client, () => packet(client, 90, string("x"), uint32(99), uint32(1000), uint32(32768))),
  "lines of a shell": (client) =>
    session(client, (id, protocol) => protocol.channelData(id, Buffer.from("x\n".repeat(16_000))), { shell: true }),
  "1-byte data": (client) =>
    session(client, (id, protocol) => protocol.channelData(id, Buffer.from("a")), { shell: true }),
};

// As on another machine: it must not take the CPU from the server.
setPriority(19);
process.on("disconnect", () => process.exit());
process.on("message", () => process.send({ sent, ends }));
connect();

function connect() {
  const client = new ssh2.Client();
  let over = false;
  const again = () => {
    if (over) return;
    over = true;
    ends++;
    client.destroy();
    setTimeout(connect, 100);
  };
  client
    .on("error", again)
    .on("close", again)
    .on("ready", () => attacks[attack](client))
    .connect({ host: "127.0.0.1", port: Number(port), username: attack.replace(/\W/g, ""), privateKey });
}

/** Sends frames on channels of the native wire, as fast as they are taken. */
function channels(client, count, framesOf, { read = true } = {}) {
  for (let at = 0; at < count; at++) {
    client.subsys("sshrpc", (error, channel) => {
      if (error) return;
      if (read) channel.resume();
      else channel.pause();
      channel.write(Buffer.from(PREAMBLE));
      const hello = {
        agent: "bench",
        methods: METHODS,
        limits: { message: 1024 * 1024, calls: 1024, window: 256 * 1024 },
      };
      channel.write(encodeFrame({ kind: FRAME.HELLO, id: 0, body: JSON.stringify(hello) }));
      let id = 1;
      const write = () => {
        for (;;) {
          const frames = [];
          for (let size = 0; size < CHUNK / 2; id += 2) {
            const next = framesOf(id);
            if (next.length === 0) break;
            for (const each of next) size += each.length;
            frames.push(...next);
            sent++;
          }
          if (frames.length === 0 || channel.destroyed) return;
          if (!channel.write(Buffer.concat(frames))) return channel.once("drain", () => setImmediate(write));
        }
      };
      write();
    });
  }
}

function shell(client, send) {
  client.shell({ term: "xterm" }, (error, channel) => {
    if (error) return;
    channel.resume();
    channel.write("x".repeat(4000));
    setTimeout(() => flood(client, () => send(channel)), 500);
  });
}

function session(client, send, { shell = false } = {}) {
  client.shell(false, (error, channel) => {
    if (error) return;
    channel.resume();
    const { id } = channel.outgoing;
    void shell;
    flood(client, () => {
      if (channel.outgoing.window > 40_000 || !shell) send(id, client._protocol);
      if (shell) channel.outgoing.window -= 16;
    });
  });
}

/** Sends packets as fast as the socket takes them. */
function flood(client, send) {
  const socket = client._sock;
  const write = () => {
    try {
      for (let at = 0; at < 1000 && socket.writableLength < CHUNK && !socket.destroyed; at++) {
        send();
        sent++;
      }
    } catch {
      return;
    }
    if (!socket.destroyed) setImmediate(write);
  };
  write();
}

function packet(client, type, ...parts) {
  const payload = Buffer.concat([Buffer.from([type]), ...parts]);
  const { _packetRW, _cipher } = client._protocol;
  const target = _packetRW.write.alloc(payload.length);
  payload.copy(target, _packetRW.write.allocStart);
  _cipher.encrypt(_packetRW.write.finalize(target));
}

function open(id, method, body = "", credit = 0) {
  return encodeFrame({ kind: FRAME.OPEN, id, method, credit, body });
}

function frame(kind, id) {
  return encodeFrame({ kind, id });
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function string(value) {
  return Buffer.concat([uint32(value.length), Buffer.from(value)]);
}
