import { setTimeout as sleep } from "node:timers/promises";
import { defineHandlers } from "../generated/server.js";
import type { Note } from "../generated/types.js";
import { chat } from "./handlers/chat.js";
import { files } from "./handlers/files.js";
import { fleet } from "./handlers/fleet.js";
import { weblog } from "./handlers/weblog.js";

/** The notes by id, kept in memory. */
const notes = new Map<number, Note>();

/**
 * The example server: `npm run serve`, or `npx sshrpc serve --handlers examples/server.ts`. The environment sets
 * the log of a web server that it streams (`WEBLOG`) and its folder of files (`FILES`).
 */
export default defineHandlers({
  hello: {
    get: ({ name = "World" }) => ({ msg: `Hello ${name}!` }),
  },

  echo: {
    get: (request) => request,
  },

  time: {
    async get({ delayMs = 0 }, ctx) {
      // The signal aborts when the caller cancels or the deadline passes, and ends the wait.
      if (delayMs > 0) await sleep(delayMs, undefined, { signal: ctx.signal });
      const now = new Date();
      return { now: now.toISOString(), epochMs: now.getTime() };
    },
  },

  notes: {
    get: ({ limit = 100, tag }) =>
      [...notes.values()]
        .filter((note) => tag === undefined || note.tags.includes(tag))
        .reverse()
        .slice(0, limit),
    store: ({ text, tags = [] }) => write({ id: Math.max(0, ...notes.keys()) + 1, text, tags, revision: 1 }),
  },

  note: {
    get: ({ id }, ctx) => notes.get(id) ?? ctx.fail("NOT_FOUND", { id }, "no such note"),
    store({ id, text, tags = [] }, ctx) {
      if (notes.has(id)) ctx.fail("CONFLICT", { id }, "the note exists already");
      return write({ id, text, tags, revision: 1 });
    },
    update({ id, revision, text, tags }, ctx) {
      const note = notes.get(id) ?? ctx.fail("NOT_FOUND", { id }, "no such note");
      if (revision !== undefined && revision !== note.revision) {
        ctx.fail("CONFLICT", { id, revision: note.revision }, "the note has a newer revision");
      }
      return write({ ...note, text: text ?? note.text, tags: tags ?? note.tags, revision: note.revision + 1 });
    },
    delete({ id }, ctx) {
      if (!notes.delete(id)) ctx.fail("NOT_FOUND", { id }, "no such note");
      return null;
    },
  },

  weblog: weblog(process.env["WEBLOG"] ?? ".sshrpc/access.log"),
  files: files(process.env["FILES"] ?? ".sshrpc/files"),
  chat: chat(),
  fleet,
});

function write(note: Omit<Note, "created">): Note {
  const written = { created: new Date().toISOString(), ...note };
  notes.set(note.id, written);
  return written;
}
