import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** The id of a note. */
export const NoteId = Type.Integer({ minimum: 1 });

/** Names one note. */
export const NoteRef = Type.Object({ id: NoteId });

/** The text of a note. */
export const NoteText = Type.String({ minLength: 1, maxLength: 10_000 });

/** A tag to filter notes by. */
export const Tag = Type.String({ pattern: "^[a-z0-9-]+$", maxLength: 40 });

/** A stored note. */
export const Note = Type.Object({
  id: NoteId,
  text: NoteText,
  tags: Type.Array(Tag, { maxItems: 20 }),
  /** The number of the revision, from 1. */
  revision: Type.Integer({ minimum: 1 }),
  /** The time of creation. */
  created: Type.String({ format: "date-time" }),
});

/** A new note: the server adds the other fields. */
export const NewNote = Type.Object({
  text: NoteText,
  tags: Type.Optional(Type.Array(Tag, { maxItems: 20 })),
});

/** Notes: the collection, and single ones. */
export const notes = defineResources({
  /** All notes. */
  notes: {
    /** Lists notes, newest first. */
    GET: {
      request: Type.Object({
        /** The maximum number of notes. Default: 100. */
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
        /** Returns only notes with this tag. */
        tag: Type.Optional(Tag),
      }),
      response: Type.Array(Note),
      scope: "notes:read",
    },
    /** Adds a note; the server chooses its id. */
    STORE: { request: NewNote, response: Note, scope: "notes:write" },
  },

  /** One note. `{id}` of the path is the field `id` of each request. */
  note: {
    path: "/notes/{id}",
    /** Reads a note. */
    GET: {
      request: NoteRef,
      response: Note,
      scope: "notes:read",
      errors: { NOT_FOUND: NoteRef },
    },
    /** Adds a note with the given id. */
    STORE: {
      request: Type.Object({ id: NoteId, text: NoteText, tags: Type.Optional(Type.Array(Tag, { maxItems: 20 })) }),
      response: Note,
      scope: "notes:write",
      errors: { CONFLICT: NoteRef },
    },
    /** Updates the given fields of a note. */
    UPDATE: {
      request: Type.Object({
        id: NoteId,
        text: Type.Optional(NoteText),
        tags: Type.Optional(Type.Array(Tag, { maxItems: 20 })),
        /** The revision that the change is based on: CONFLICT if the note has a newer one. */
        revision: Type.Optional(Type.Integer({ minimum: 1 })),
      }),
      response: Note,
      scope: "notes:write",
      errors: {
        NOT_FOUND: NoteRef,
        CONFLICT: Type.Object({
          id: NoteId,
          /** The current revision. */
          revision: Type.Integer({ minimum: 1 }),
        }),
      },
    },
    /** Removes a note. */
    DELETE: {
      request: NoteRef,
      response: Type.Null(),
      scope: "notes:write",
      errors: { NOT_FOUND: NoteRef },
    },
  },
});
