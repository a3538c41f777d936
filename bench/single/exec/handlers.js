// What the exec benchmark serves: one small method, and files both ways, as one would write it.
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { execApi } from "./api.js";

const folder = process.env.FILES;

/** @type {Map<string, (request: any, chunks: any) => unknown>} */
const handlers = new Map();
handlers.set("GET /note", () => ({ id: 1, text: "a note" }));
handlers.set("GET /file", () => createReadStream(join(folder, "source")));
handlers.set("STORE /file", (_request, chunks) => pipeline(chunks, createWriteStream(join(folder, "target"))));

export default { api: execApi, handlers };
