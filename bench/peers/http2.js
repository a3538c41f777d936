// JSON in requests of node:http2 over TLS, without checks.
import { connect as connectHttp2, createSecureServer } from "node:http2";
import { makeCertificate } from "./shared/certificate.js";

export async function serve() {
  const { key, cert } = await makeCertificate();
  const server = createSecureServer({ key, cert });
  server.on("stream", async (stream) => {
    const value = await read(stream);
    stream.respond({ ":status": 200, "content-type": "application/json" });
    stream.end(JSON.stringify(value));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  return { port: /** @type {import("node:net").AddressInfo} */ (server.address()).port, cert };
}

export async function connect({ port, cert }, options) {
  const session = connectHttp2(`https://localhost:${options.port ?? port}`, { ca: cert });
  const call = (name) => (value) => {
    const stream = session.request({ ":method": "POST", ":path": `/${name}`, "content-type": "application/json" });
    stream.end(JSON.stringify(value));
    return read(stream);
  };
  return { echo: { item: call("item"), list: call("list"), text: call("text") }, close: () => session.destroy() };
}

/** The value of a body. */
function read(stream) {
  return new Promise((resolve, reject) => {
    let body = "";
    stream
      .setEncoding("utf8")
      .on("data", (chunk) => {
        body += chunk;
      })
      .on("end", () => resolve(JSON.parse(body)))
      .on("error", reject);
  });
}
