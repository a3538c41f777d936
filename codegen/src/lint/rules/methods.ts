import type { Rule } from "./rule.js";
import { allResources, placedMethods } from "./visit-schemas.js";
import { wordsOf } from "./words.js";

/** Resources have a description. */
export const undocumentedResource: Rule = {
  id: "undocumented-resource",
  level: "warn",
  title: "Resources have a description.",
  explanation: `The comment of a resource is what editors show for client.notes, and what its readers have
beside the name.

Bad:   notes: { GET: { … } }
Good:  /** All notes of the team. */
       notes: { GET: { … } }

Fix: write a comment above the resource, or the option \`description\`.`,
  check(model) {
    return allResources(model)
      .filter(({ description }) => description === undefined)
      .map(({ at, declaredAs }) => ({
        at,
        path: declaredAs,
        message: "no description; write a comment /** … */ above it",
      }));
  },
};

/** Methods have a description. */
export const undocumentedMethod: Rule = {
  id: "undocumented-method",
  level: "warn",
  title: "Methods have a description.",
  explanation: `The comment of a method is what editors, \`help\` and \`describe\` show. Without it a caller
sees GET /notes, and not that the newest notes come first.

Bad:   GET: { response: Type.Array(Note) }
Good:  /** Lists notes, newest first. */
       GET: { response: Type.Array(Note) }

Fix: write a comment above the verb, or the option \`description\`.`,
  check(model) {
    return placedMethods(model)
      .filter(({ method }) => method.description === undefined)
      .map(({ method, path }) => ({
        at: method.at,
        path,
        message: "no description; write a comment /** … */ above it",
      }));
  },
};

/** Methods that change something require a scope, if others do. */
export const missingScope: Rule = {
  id: "missing-scope",
  level: "error",
  title: "Methods that change something require a scope, if others do.",
  explanation: `Every key may call a method without \`scope\`. In an API whose other methods require scopes, a
STORE, UPDATE or DELETE without one is more often forgotten than intended. Callbacks need none:
the connecting side chooses what it serves.

Bad:   GET: { …, scope: "notes:read" }, DELETE: { … }
Good:  GET: { …, scope: "notes:read" }, DELETE: { …, scope: "notes:write" }

Fix: add a scope. If every key may call the method, say so:
       // sshrpc-lint-ignore missing-scope: every key may chat
       UPDATE: { … }`,
  check(model) {
    const methods = placedMethods(model).filter(({ isCallback }) => !isCallback);
    const example = methods.find(({ method }) => method.scope !== undefined);
    if (example === undefined) return [];
    return methods
      .filter(({ method }) => method.scope === undefined && method.verb !== "GET")
      .map(({ method, resource, path }) => {
        const message = `no scope, so that every key may call it, and ${example.path} has one; add scope: "${resource.name}:write"`;
        return { at: method.at, path, message };
      });
  },
};

/** Verbs of names and of descriptions. */
const VERBS = new Set(
  (
    "activate add append apply approve create deactivate delete destroy disable enable execute install invoke kill publish purge put " +
    "reboot register remove rename replace restart revoke submit terminate trigger uninstall unregister upsert write"
  ).split(" "),
);

/** Verbs that are nouns, too: the posts of a blog, a chess move, the set point, the next update. */
const ALSO_NOUNS = new Set(
  "cancel change clear deploy drop insert move patch post reset rotate set start stop store update upload".split(" "),
);

/** The word that says what a name or a description does: the second is the first with an s. */
function sideEffectOf(name: string, description: string): string | undefined {
  const [verb = "", object] = wordsOf(name);
  if (VERBS.has(verb) || (COMPOUND.has(verb) && object !== undefined)) return `the name ${name}`;
  // "Deletes notes", and not "Changes since a revision".
  const [, word = "", next = ""] = /^(\p{L}+s)(?!\p{L})(?:\s+(\p{L}+))?/u.exec(description) ?? [];
  const described = word.toLowerCase().replace(/(?<=s|sh|ch|x|z|o)es$|s$/, "");
  const isVerb = VERBS.has(described) ? !PREPOSITION.test(next) : ALSO_NOUNS.has(described) && DETERMINER.test(next);
  return isVerb ? `"${word}" in the description` : undefined;
}

/** Those of {@link ALSO_NOUNS} that are verbs where another word follows in a name, as in resetCounter; not storeItem, postComments. */
const COMPOUND = new Set("cancel clear drop insert move reset rotate set stop".split(" "));

const PREPOSITION = /^(of|since|in|from|for|by|to|that|with|per)$/i;
const DETERMINER = /^(a|an|the|all|one|any|each|every|some|this|its|it|them|several)$/i;

/** GET only reads. */
export const getSideEffect: Rule = {
  id: "get-side-effect",
  level: "warn",
  title: "GET only reads.",
  explanation: `Clients send a GET again after a lost connection, and with several hosts to another one, because
a GET has no effect. A name or a description that begins with create, delete, set and the like
says otherwise.

Bad:   resetCounter: { GET: { response: Type.Null() } }
Good:  counter: { DELETE: { response: Type.Null(), scope: "counter:write" } }

Fix: name the resource after the thing, and use STORE to add, UPDATE to change, DELETE to
remove. If the call does only read, rename it.`,
  check(model) {
    return placedMethods(model).flatMap(({ resource, method, path }) => {
      if (method.verb !== "GET") return [];
      const what = sideEffectOf(resource.name, method.description ?? "");
      if (what === undefined) return [];
      const message = `${what} says that this GET changes something, and clients send a GET again; use STORE, UPDATE or DELETE`;
      return [{ at: method.at, path, message }];
    });
  },
};
