import type { Rule } from "./rule.js";

/** Exported types are used. */
export const unusedType: Rule = {
  id: "unused-type",
  level: "warn",
  title: "Exported types are used.",
  explanation: `An exported schema becomes a type of the contract if a method uses it, directly or in another
type. One that no method uses, and that no other schema is made of, generates nothing: often its
method is gone, or the wrong type is used in its place.

Bad:   export const NoteList = Type.Array(Note);  // and GET: { response: Type.Array(Note) }
Good:  GET: { response: NoteList }

Fix: use it, or remove it.`,
  check({ details }) {
    return (details?.unused ?? []).map(({ name, at }) => ({
      at,
      path: name,
      message: `no method uses the exported type ${name}; use it, or remove it`,
    }));
  },
};
