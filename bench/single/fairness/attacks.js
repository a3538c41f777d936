// The attacks of the fairness benchmark. Each gets a connection that has logged in.
import { gzipSync } from "node:zlib";
import {
  channels,
  counts,
  flood,
  frame,
  hello,
  METHODS,
  open,
  packet,
  session,
  shell,
  string,
  uint32,
} from "./packets.js";

const [ECHO, WAIT, TEXTS, SECRET, LARGE, BOTH, CLIENTS, STUCK, NOTHING] = METHODS.keys();
const MIB = 1024 * 1024;

/** The largest item, and one whose parsed value takes many times the memory of its text. */
const LARGE_ITEM = JSON.stringify("x".repeat(4 * MIB - 2));
const HEAVY_ITEM = JSON.stringify(Array(200_000).fill({}));
const KORV_REQUESTS = Buffer.concat(
  Array.from({ length: 200 }, (_, id) => gzipSync(JSON.stringify({ id, verb: "GET", resource: "/large", body: null }))),
);

/** One stream per channel and call, with an item as soon as it begins; `most` calls in each channel. */
const items = (item, most) => (client) =>
  channels(client, 8, (id) => (id > 2 * most ? [] : [open(id, BOTH, { stream: true }), frame("ITEM", id, item)]), {
    read: false,
  });

export const ATTACKS = {
  // Memory.
  "items that get no credit": items(LARGE_ITEM, 50),
  "items of empty objects": items(HEAVY_ITEM, 17),
  "unfinished frames": (client) =>
    channels(client, 10, (id) => (id > 1 ? [] : [open(id, ECHO, { body: LARGE_ITEM }).subarray(0, -1)])),
  "unread streams on 8 channels": (client) =>
    channels(client, 8, (id) => (id > 2046 ? [] : [open(id, TEXTS, { credit: 256 * 1024 })]), { read: false }),
  "unread answers": (client) => channels(client, 8, (id) => [open(id, LARGE)], { read: false }),
  "unread korv answers": (client) => {
    for (let at = 0; at < 8; at++) korv(client);
  },
  "input that the server does not read": (client) => blocked(client, Buffer.alloc(32_000)),
  "1-byte input that the server does not read": (client) => blocked(client, Buffer.alloc(1)),
  "HELLOs with 65,000 methods": (client) =>
    channels(client, 10, () => [], {
      methods: Array.from({ length: 65_000 }, (_, at) => `GET /${at}/${"x".repeat(40)}`),
    }),
  "repeated HELLOs": (client) => hellos(client),
  "large requests to a method that takes nothing": (client) =>
    channels(client, 1, (id) => [open(id, NOTHING, { body: LARGE_ITEM })]),
  "handlers that never end": (client) =>
    channels(client, 1, (id) => [open(id, STUCK, { body: `{"value":"${"x".repeat(10_000)}"}` }), frame("CANCEL", id)]),
  // Fairness.
  "open and cancel": (client) => channels(client, 1, (id) => [open(id, WAIT), frame("CANCEL", id)]),
  "small calls on 8 channels": (client) => channels(client, 8, (id) => [open(id, ECHO, { body: '{"value":42}' })]),
  "calls that wait on 8 channels": (client) => channels(client, 8, (id) => (id > 2047 ? [] : [open(id, WAIT)])),
  "calls of all clients": (client) =>
    channels(client, 10, (id) => (id > 200 ? [] : [open(id, CLIENTS, { credit: 256 * 1024 })])),
  "refused calls": (client) => channels(client, 1, (id) => [open(id, SECRET)]),
  "window changes": (client) =>
    shell(client, (channel) => {
      channel.setWindow(24, 80 + (counts.sent % 2), 0, 0);
    }),
  // SSH.
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
    session(client, (id, protocol) => protocol.channelData(id, Buffer.from("x\n".repeat(16_000))), { data: true }),
  "1-byte data": (client) =>
    session(client, (id, protocol) => protocol.channelData(id, Buffer.from("a")), { data: true }),
  "500 connections": () => counts.sent++,
  "500 logins at once": (client) => {
    counts.sent++;
    client.end();
  },
};

/** How many connections of all keys together run the attack, if it needs more than one of each. */
export const CONNECTIONS = {
  "input that the server does not read": { count: 10 },
  "1-byte input that the server does not read": { count: 3 },
  "calls of all clients": { count: 30 },
  "500 connections": { count: 500 },
  "500 logins at once": { count: 500 },
};

function korv(client) {
  client.forwardOut("127.0.0.1", 1, "127.0.0.1", 2, (error, channel) => {
    if (error) return;
    channel
      .on("error", () => undefined)
      .once("close", () => {
        counts.ends++;
        setTimeout(() => korv(client), 100);
      });
    channel.pause();
    const write = () => {
      counts.sent += 200;
      if (!channel.destroyed && channel.writable) channel.write(KORV_REQUESTS, () => setImmediate(write));
    };
    write();
  });
}

/** Channels whose server has stopped reading, because its answers are not read; then data as far as their windows allow. */
function blocked(client, data) {
  const begin = (error, channel) => {
    if (error) return;
    channel.pause();
    channel.on("error", () => undefined);
    channel.once("close", () => {
      counts.ends++;
      setTimeout(() => client.subsys("sshrpc", begin), 100);
    });
    const opens = Buffer.concat(Array.from({ length: 20 }, (_, at) => open(2 * at + 1, LARGE)));
    channel.write(Buffer.concat([hello(), opens]));
    setTimeout(() => {
      const { id } = channel.outgoing;
      flood(client, () => {
        if (channel.outgoing.window < data.length || channel.destroyed) return false;
        channel.outgoing.window -= data.length;
        return client._protocol.channelData(id, data);
      });
    }, 500);
  };
  for (let at = 0; at < 10; at++) client.subsys("sshrpc", begin);
}

/** Channels whose only content is a large HELLO: closed and opened again. */
function hellos(client) {
  const text = hello(Array.from({ length: 65_000 }, (_, at) => `GET /${at}`));
  const next = () => {
    client.subsys("sshrpc", (error, channel) => {
      if (error) return;
      counts.sent++;
      channel.on("error", () => undefined).resume();
      channel.once("close", () => setImmediate(next));
      channel.write(text, () => channel.close());
    });
  };
  for (let at = 0; at < 8; at++) next();
}
