import type { Position } from "../../base/problem.js";
import type { Finding, Rule } from "./rule.js";
import { allResources, allSchemas } from "./visit-schemas.js";
import { camel } from "./words.js";

// A field may begin with an underscore, such as _links.
const CAMEL = /^_?\p{Ll}[\p{L}\p{N}]*$/u;
const SNAKE = /^_?\p{Ll}[\p{Ll}\p{N}]*(_[\p{Ll}\p{N}]+)*$/u;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Names of resources are in camel case. */
export const resourceCase: Rule = {
  id: "resource-case",
  level: "warn",
  title: "Names of resources are in camel case.",
  explanation: `The name of a resource is a member of the generated client, and so is written as members are.
Other names work, but generated code changes them: "old-notes" is client.oldNotes.

Bad:   resources: { "old-notes": { … }, Chat: { … } }
Good:  resources: { oldNotes: { path: "/old-notes", … }, chat: { … } }

Fix: rename the resource. Verb and path identify a method, so keep the path, which by default is
the name.`,
  check(model) {
    return allResources(model).flatMap(({ declaredAs, at }) => {
      const key = declaredAs.slice(declaredAs.indexOf(".") + 1);
      if (CAMEL.test(key) && !key.startsWith("_")) return [];
      return [{ at, path: declaredAs, message: `the name ${key} is not in camel case; rename it to ${camel(key)}` }];
    });
  },
};

/** Segments of paths are in lower case, with hyphens. */
export const pathCase: Rule = {
  id: "path-case",
  level: "warn",
  title: "Segments of paths are in lower case, with hyphens.",
  explanation: `Users type paths (ssh edge GET /old-notes), and paths are compared exactly: /oldNotes and
/oldnotes are different ones. Lower case with hyphens leaves no choice to remember.

Bad:   path: "/oldNotes/{id}"
Good:  path: "/old-notes/{id}"

Fix: change the path. This breaks callers of earlier versions, so a path in use is better
ignored with that reason.`,
  check(model) {
    return allResources(model).flatMap(({ path, declaredAs, at }) => {
      const bad = staticSegments(path).find((segment) => !KEBAB.test(segment));
      if (bad === undefined) return [];
      const better = bad.replaceAll(
        /[\p{Lu}]/gu,
        (letter, index: number) => (index === 0 ? "" : "-") + letter.toLowerCase(),
      );
      const message = `the segment ${bad} of the path is not in lower case with hyphens; write ${better.replaceAll(/[^a-z0-9]+/g, "-")}`;
      return [{ at, path: declaredAs, message }];
    });
  },
};

/** Paths name collections either all in the plural, or all in the singular. */
export const collectionNumber: Rule = {
  id: "collection-number",
  level: "warn",
  title: "Paths name collections either all in the plural, or all in the singular.",
  explanation: `A segment before a parameter names a collection: notes in /notes/{id}. If one API has
/notes/{id} and /file/{name}, callers guess. The rule reports the less frequent form; if both
are equally frequent, the singular. Words without a plural, such as config, fit both.

Bad:   "/notes/{id}", "/tags/{name}", "/file/{name}"
Good:  "/notes/{id}", "/tags/{name}", "/files/{name}"

Fix: change the path before it is in use; later ignore it with that reason. A word whose plural
has no s, such as people, is known only if it is a common one.`,
  check(model) {
    const found = allResources(model).flatMap(({ path, declaredAs, at }) =>
      [...path.matchAll(/\/([^/{}]+)\/\{/g)].flatMap(([, name = ""]) =>
        isCollection(name) ? [{ name, at, path: declaredAs, plural: isPlural(name) }] : [],
      ),
    );
    const plurals = found.filter(({ plural }) => plural).length;
    const expected = plurals * 2 >= found.length;
    return found
      .filter(({ plural }) => plural !== expected)
      .map(({ name, at, path }) => {
        const message = `the collection ${name} is in the ${expected ? "singular" : "plural"}, and most others are not; use one form`;
        return { at, path, message };
      });
  },
};

/** Names of fields are all in camel case, or all in snake case. */
export const fieldCase: Rule = {
  id: "field-case",
  level: "warn",
  title: "Names of fields are all in camel case, or all in snake case.",
  explanation: `Names of properties reach the code of callers and handlers as they are. The rule takes the style
that most names of the API have, camelCase or snake_case, and reports the others. Words without
either, such as id, fit both.

Bad:   Type.Object({ createdAt: …, updated_at: … })
Good:  Type.Object({ createdAt: …, updatedAt: … })

Fix: rename the field in a new one: add it, deprecate the old one, later reserve its name
(docs/evolution.md). A field that another system defines is better ignored with that reason.`,
  check(model) {
    const fields = new Map<string, { readonly at: Position; readonly path: string; readonly name: string }>();
    for (const { schema, path } of allSchemas(model)) {
      const places = model.details?.fields.get(schema["properties"] as object) ?? {};
      for (const [name, at] of Object.entries(places))
        fields.set(`${path}.${name}`, { at, path: `${path}.${name}`, name });
    }
    const all = [...fields.values()];
    const camels = all.filter(({ name }) => CAMEL.test(name) && !SNAKE.test(name)).length;
    const snakes = all.filter(({ name }) => SNAKE.test(name) && !CAMEL.test(name)).length;
    const [style, word] = snakes > camels ? [SNAKE, "snake_case"] : [CAMEL, "camelCase"];
    return all.flatMap(({ name, at, path }): Finding[] =>
      style.test(name)
        ? []
        : [{ at, path, message: `the field ${name} is not in ${word}, as most fields are; rename it` }],
    );
  },
};

function staticSegments(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "" && !segment.startsWith("{"));
}

const IRREGULAR = new Set("people children men women media data criteria feet mice indices vertices".split(" "));

/** Words that are the same in singular and plural, or have no plural. */
const UNCOUNTABLE = new Set(
  (
    "config equipment feedback find hardware history info inventory lookup metadata news query search series settings software staff " +
    "stock storage traffic"
  ).split(" "),
);

/** Whether a segment before a parameter names a collection: not that of /config/{key}, nor that of /notes/by-name/{name}. */
function isCollection(name: string): boolean {
  return !UNCOUNTABLE.has(lastWord(name)) && !/^(by|of|from|since)-/.test(name);
}

function isPlural(name: string): boolean {
  return IRREGULAR.has(lastWord(name)) || /[^s]s$/.test(lastWord(name));
}

function lastWord(name: string): string {
  const words = name.toLowerCase().split(/[^a-z]+/);
  return words.at(-1) ?? "";
}
