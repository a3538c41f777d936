// tRPC 11 over HTTP/1.1, without schemas for its inputs; a call is a POST, because long requests do not fit in a URL.
import { createTRPCClient, httpLink } from "@trpc/client";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { router } from "./shared/trpc-router.js";

export async function serve() {
  const server = createHTTPServer({ router, allowMethodOverride: true });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  return { port: /** @type {import("node:net").AddressInfo} */ (server.address()).port };
}

export async function connect({ port }, options) {
  const url = `http://127.0.0.1:${options.port ?? port}`;
  const client = /** @type {any} */ (createTRPCClient({ links: [httpLink({ url, methodOverride: "POST" })] }));
  const call = (name) => (value) => client[name].query(value);
  return { echo: { item: call("item"), list: call("list"), text: call("text") }, close: () => undefined };
}
