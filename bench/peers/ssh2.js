// A limit: the frames of the protocol on a channel of bare ssh2, and raw bytes on one. The login is that of a key, whose signature
// the server verifies, and no more.
import { connect as connectTcp, createServer } from "node:net";
import ssh2 from "ssh2";
import { generateKeyPair } from "sshrpc/testing";
import { frameCalls, serveFrames } from "./shared/frames.js";
import { rawBytes, serveBytes } from "./shared/raw-bytes.js";

const SERVICES = { frames: serveFrames, bytes: serveBytes };

/** The first algorithms of sshrpc. */
const ALGORITHMS = (kex) =>
  /** @type {any} */ ({
    kex: [kex],
    cipher: ["aes256-gcm@openssh.com"],
    serverHostKey: ["ssh-ed25519"],
    compress: ["none"],
  });

export async function serve() {
  const [host, user] = [generateKeyPair(), generateKeyPair()];
  const key = /** @type {ssh2.ParsedKey} */ (ssh2.utils.parseKey(user.publicKey));
  const ssh = new ssh2.Server(
    { hostKeys: [host.privateKey], algorithms: ALGORITHMS("curve25519-sha256") },
    (client) => {
      client.on("error", () => undefined);
      client.on("authentication", (attempt) => {
        if (attempt.method !== "publickey" || !key.getPublicSSH().equals(attempt.key.data)) return attempt.reject();
        if (attempt.signature && key.verify(attempt.blob, attempt.signature, attempt.hashAlgo) !== true)
          return attempt.reject();
        attempt.accept();
      });
      client.on("session", (accept) => {
        accept().on("subsystem", (accept, _reject, { name }) => {
          SERVICES[name](accept().on("error", () => undefined));
        });
      });
    },
  );
  const server = createServer({ noDelay: true }, (socket) => ssh.injectSocket(gather(socket)));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const hostKey = /** @type {ssh2.ParsedKey} */ (ssh2.utils.parseKey(host.publicKey)).getPublicSSH().toString("base64");
  return { port, hostKey, privateKey: user.privateKey };
}

export async function connect({ port, hostKey, privateKey }, { kex = "curve25519-sha256", ...options }) {
  const client = new ssh2.Client();
  const open = (service) =>
    new Promise((resolve, reject) => {
      client.subsys(service, (error, channel) => (error ? reject(error) : resolve(channel)));
    });
  await new Promise((resolve, reject) => {
    client.on("error", reject).on("ready", () => resolve(undefined));
    client.connect({
      sock: gather(connectTcp({ host: "127.0.0.1", port: options.port ?? port, noDelay: true })),
      username: "bench",
      authHandler: [/** @type {any} */ ({ type: "publickey", username: "bench", key: privateKey })],
      algorithms: ALGORITHMS(kex),
      hostVerifier: (key) => key.toString("base64") === hostKey,
    });
  });
  const channel = await open("frames");
  return { echo: frameCalls(channel), bytes: rawBytes(() => open("bytes")), close: () => client.end() };
}

/** Sends what ssh2 writes within one tick together, as sshrpc does: it writes a packet in up to three pieces. */
function gather(socket) {
  const write = socket.write.bind(socket);
  let isCorked = false;
  socket.write = (...args) => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      process.nextTick(() => {
        isCorked = false;
        socket.uncork();
      });
    }
    return write(...args);
  };
  return socket;
}
