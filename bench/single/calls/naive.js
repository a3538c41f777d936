// The baseline: the same validated calls on one ssh2 channel, with one write per message and no batching.
import { createServer } from "node:net";
import ssh2 from "ssh2";

const HEADER = 8;

/** Splits the stream into messages: length (u32), id (u32), JSON. */
function reader(onMessage) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= HEADER) {
      const length = rest.readUInt32BE(at);
      if (rest.length - at - HEADER < length) break;
      onMessage(rest.readUInt32BE(at + 4), JSON.parse(rest.toString("utf8", at + HEADER, at + HEADER + length)));
      at += HEADER + length;
    }
    rest = rest.subarray(at);
  };
}

function send(channel, id, value) {
  const body = Buffer.from(JSON.stringify(value));
  const message = Buffer.allocUnsafe(HEADER + body.length);
  message.writeUInt32BE(body.length, 0);
  message.writeUInt32BE(id, 4);
  body.copy(message, HEADER);
  channel.write(message);
}

function check(validator, value) {
  if (!validator(value)) throw new Error(JSON.stringify(validator.errors));
}

/** Serves one method on the subsystem `naive`; resolves with the port. It accepts any authentication, which is not measured. */
export function serveNaive({ hostKey, algorithms, request, response, handler }) {
  const ssh = new ssh2.Server({ hostKeys: [hostKey], algorithms }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (attempt) => attempt.accept());
    client.on("session", (accept) => {
      accept().on("subsystem", (accept) => {
        const channel = accept();
        const read = reader((id, value) => {
          check(request, value);
          const answer = handler(value);
          check(response, answer);
          send(channel, id, answer);
        });
        channel.on("data", read);
      });
    });
  });
  return new Promise((resolve) => {
    const server = createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket));
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      resolve({ port, close: () => server.close() });
    });
  });
}

/** Connects to it; returns a function that makes calls. */
export async function connectNaive({ port, algorithms, request, response }) {
  const client = new ssh2.Client();
  const channel = await new Promise((resolve, reject) => {
    client.on("error", reject);
    client.on("ready", () => client.subsys("naive", (error, channel) => (error ? reject(error) : resolve(channel))));
    client.connect({ host: "127.0.0.1", port, username: "bench", algorithms, hostVerifier: () => true });
    client.setNoDelay(true);
  });
  const pending = new Map();
  let nextId = 0;
  channel.on(
    "data",
    reader((id, value) => {
      check(response, value);
      const resolve = pending.get(id);
      pending.delete(id);
      resolve(value);
    }),
  );
  const call = (value) =>
    new Promise((resolve) => {
      check(request, value);
      const id = nextId++;
      pending.set(id, resolve);
      send(channel, id, value);
    });
  return { call, close: () => client.end() };
}
