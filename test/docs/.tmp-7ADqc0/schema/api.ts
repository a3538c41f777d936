import { Bytes, defineApi } from "sshrpc/schema";
// schema/api.ts
import Type from "typebox";

/** A note. */
export const Note = Type.Object({ id: Type.Integer(), text: Type.String({ minLength: 1 }) });
export const NoteRef = Type.Object({ id: Type.Integer() });

export const PictureRef = Type.Object({ name: Type.String({ pattern: "^[a-z]+$" }) });

export default defineApi({
  name: "notes",
  version: "1.0.0",
  resources: {
    notes: {                                   // its path is /notes
      /** Adds a note. */
      STORE: { request: Type.Omit(Note, ["id"]), response: Note, scope: "notes:write" },
    },
    note: {
      path: "/notes/{id}",                     // {id} is the field `id` of every request
      /** Reads a note. */
      GET: { request: NoteRef, response: Note, errors: { NOT_FOUND: NoteRef } },
    },
    ticks: { GET: { request: Type.Object({ count: Type.Integer() }), responseStream: Type.Object({ n: Type.Integer() }) } },
    picture: {
      path: "/pictures/{name}",
      GET: { request: PictureRef, responseStream: Bytes, errors: { NOT_FOUND: PictureRef } },
      STORE: { request: PictureRef, requestStream: Bytes, response: Type.Object({ bytes: Type.Integer() }) },
    },
    shout: { UPDATE: { requestStream: Type.String(), responseStream: Type.String() } },
  },
});
