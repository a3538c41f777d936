import { defineResources } from "sshrpc/schema";
import Type from "typebox";

/** What a note is known by. */
export const NoteId = Type.Integer({ minimum: 1 });

/** Names one note. */
export const NoteRef = Type.Object({ id: NoteId });

/** What somebody writes. */
export const NoteText = Type.String({ minLength: 1, maxLength: 10_000 });

/** A word to find notes by. */
export const Tag = Type.String({ pattern: "^[a-z0-9-]+$", maxLength: 40 });

/** A note somebody wrote. */
export const Note = Type.Object({
  id: NoteId,
  text: NoteText,
  tags: Type.Array(Tag, { maxItems: 20 }),
  /** Counts the changes, from 1. */
  revision: Type.Integer({ minimum: 1 }),
  /** When it was written. */
  created: Type.String({ format: "date-time" }),
});

/** A note that is still to be written: the server adds the rest. */
export const NewNote = Type.Object({
  text: NoteText,
  tags: Type.Optional(Type.Array(Tag, { maxItems: 20 })),
});

/** Notes, all together and one at a time. */
export const notes = defineResources({
  /** All notes. */
  notes: {
    /** Lists notes, the newest first. */
    GET: {
      request: Type.Object({
        /** How many at most. Left out, it is 100. */
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
        /** Only those with this tag. */
        tag: Type.Optional(Tag),
      }),
      response: Type.Array(Note),
      scope: "notes:read",
    },
    /** Adds a note under an id that the server chooses. */
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
    /** Adds a note under a given id. */
    STORE: {
      request: Type.Object({ id: NoteId, text: NoteText, tags: Type.Optional(Type.Array(Tag, { maxItems: 20 })) }),
      response: Note,
      scope: "notes:write",
      errors: { CONFLICT: NoteRef },
    },
    /** Changes what is given, and leaves the rest as it is. */
    UPDATE: {
      request: Type.Object({
        id: NoteId,
        text: Type.Optional(NoteText),
        tags: Type.Optional(Type.Array(Tag, { maxItems: 20 })),
        /** Refuses the change with CONFLICT where somebody else made one since this revision was read. */
        revision: Type.Optional(Type.Integer({ minimum: 1 })),
      }),
      response: Note,
      scope: "notes:write",
      errors: {
        NOT_FOUND: NoteRef,
        CONFLICT: Type.Object({
          id: NoteId,
          /** The one that the note has now. */
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
