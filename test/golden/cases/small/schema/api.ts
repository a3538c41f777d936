import { defineApi } from "sshrpc/schema";
import Type from "typebox";

/** A note of a user. */
export const Note = Type.Object({ id: Type.Integer(), text: Type.String({ minLength: 1 }) });

export const NoteRef = Type.Object({ id: Type.Integer() });

export default defineApi({
  name: "notes",
  version: "1.0.0",
  resources: {
    hello: {
      GET: {
        request: Type.Object({ name: Type.Optional(Type.String()) }),
        response: Type.Object({ msg: Type.String() }),
      },
    },
    notes: {
      GET: {
        request: Type.Object({ limit: Type.Optional(Type.Integer()) }),
        response: Type.Array(Note),
        scope: "notes:read",
      },
      STORE: { request: Type.Omit(Note, ["id"]), response: Note, scope: "notes:write" },
    },
    note: {
      path: "/notes/{id}",
      GET: {
        request: NoteRef,
        response: Note,
        timeout: 250,
        errors: { NOT_FOUND: Type.Object({ id: Type.Integer() }), CONFLICT: Type.String() },
      },
      DELETE: { request: NoteRef, response: Type.Null(), scope: "notes:write", idempotent: false },
    },
    ping: { GET: { response: Type.Null() } },
  },
});
