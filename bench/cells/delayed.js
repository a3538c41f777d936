import { connect, createServer } from "node:net";

/** Listens in front of a port, and delays each direction by so many milliseconds. Resolves with the port to connect to. */
export function delayed(port, milliseconds) {
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: "127.0.0.1", port, noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.on("data", (chunk) => setTimeout(() => to.write(chunk), milliseconds));
      from.on("end", () => setTimeout(() => to.end(), milliseconds));
      from.on("error", () => to.destroy());
    }
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
    });
  });
}
