import { setTimeout as sleep } from "node:timers/promises";
// handlers.ts
import { defineHandlers } from "./generated/server.js";
import type { Note } from "./generated/types.js";

const notes = new Map<number, Note>();

const pictures = new Map<string, Uint8Array>();

export default defineHandlers({
  notes: {
    store({ text }) {
      const note = { id: notes.size + 1, text };
      notes.set(note.id, note);
      return note;
    },
  },
  note: {
    get: ({ id }, ctx) => notes.get(id) ?? ctx.fail("NOT_FOUND", { id }, "no such note"),
  },
  ticks: {
    async *get({ count }, ctx) {
      for (let n = 1; n <= count; n++) {
        yield { n };
        await sleep(1_000, undefined, { signal: ctx.signal });       // aborts when the call ends early, for any reason
      }
    },
  },
  picture: {
    async *get({ name }, ctx) {
      yield pictures.get(name) ?? ctx.fail("NOT_FOUND", { name });
    },
    async store({ name }, chunks) {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);           // throws if the stream does not arrive whole
      const picture = Buffer.concat(parts);
      pictures.set(name, picture);
      return { bytes: picture.length };
    },
  },
  shout: {
    async *update(_request, lines) {
      for await (const line of lines) yield line.toUpperCase();
    },
  },
});
