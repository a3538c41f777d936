// A limit: the frames of the protocol on a TLS socket, and raw bytes on one. The ALPN protocol says which.
import { connect as connectTls, createServer } from "node:tls";
import { makeCertificate } from "./shared/certificate.js";
import { frameCalls, serveFrames } from "./shared/frames.js";
import { rawBytes, serveBytes } from "./shared/raw-bytes.js";

const SERVICES = { frames: serveFrames, bytes: serveBytes };

export async function serve() {
  const { key, cert } = await makeCertificate();
  const server = createServer({ key, cert, ALPNProtocols: Object.keys(SERVICES), noDelay: true }, (socket) => {
    socket.on("error", () => undefined);
    SERVICES[/** @type {string} */ (socket.alpnProtocol)](socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { port, cert };
}

export async function connect({ port, cert }, options) {
  const open = (service) =>
    new Promise((resolve, reject) => {
      const socket = connectTls(
        { host: "127.0.0.1", port: options.port ?? port, servername: "localhost", ca: cert, ALPNProtocols: [service] },
        () => resolve(socket),
      );
      socket.setNoDelay(true);
      socket.on("error", reject);
    });
  const socket = await open("frames");
  return { echo: frameCalls(socket), bytes: rawBytes(() => open("bytes")), close: () => socket.destroy() };
}
