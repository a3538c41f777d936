// The serving process of the exec benchmark: one small method, and files that are made up and forgotten.
import { serveHandlers } from "../runtime/dist/serve-api.js";
import { execApi } from "./exec-api.js";

const [publicKey, privateKey, bytes] = process.argv.slice(2);
const chunk = Buffer.alloc(64 * 1024, 7);

const handlers = new Map([
  ["GET /note", () => ({ id: 1, text: "a note" })],
  [
    "GET /file",
    async function* () {
      for (let sent = 0; sent < Number(bytes); sent += chunk.length) yield chunk;
    },
  ],
  [
    "STORE /file",
    async (_request, chunks) => {
      let size = 0;
      for await (const part of chunks) size += part.length;
      return size;
    },
  ],
]);

const server = await serveHandlers(
  { api: execApi, handlers },
  { port: 0, hostKeys: { privateKey }, authorizedKeys: { lines: [publicKey] }, log: false },
);
process.send({ port: server.port });
process.on("disconnect", () => process.exit());
