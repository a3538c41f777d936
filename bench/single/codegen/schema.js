// A schema of a usual API with any number of methods, for the benchmark of code generation.

/** The files of a schema with `methods` methods: a file for each resource of four verbs, with types of its own and shared ones. */
export function schemaFiles(methods) {
  const names = Array.from({ length: Math.ceil(methods / 4) }, (_, index) => `item${index}`);
  const page = `/** A page of a list. */
export const Page = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  after: Type.Optional(Type.String({ maxLength: 64 })),
});
`;
  const api = `import { defineApi } from "sshrpc/schema";
${names.map((name) => `import { ${name} } from "./${name}.js";\n`).join("")}
export default defineApi({ name: "large", version: "1.0.0", resources: { ${names.join(", ")} } });
`;
  const head = 'import Type from "typebox";\n';
  return new Map([
    ["schema/page.ts", head + page],
    ...names.map(
      (name) =>
        /** @type {const} */ ([
          `schema/${name}.ts`,
          `${head}import { Page } from "./page.js";\n\n${typesOf(name)}\n${resourceOf(name)}`,
        ]),
    ),
    ["schema/api.ts", api],
  ]);
}

function typesOf(name) {
  const type = typeName(name);
  return `/** One ${name}. */
export const ${type} = Type.Object({
  id: Type.Integer(),
  title: Type.String({ minLength: 1, maxLength: 200 }),
  state: Type.Union([Type.Literal("open"), Type.Literal("done"), Type.Literal("${name}")]),
  tags: Type.Array(Type.String({ maxLength: 32 }), { maxItems: 16 }),
  created: Type.String({ format: "date-time" }),
  owner: Type.Object({ id: Type.Integer(), name: Type.String() }),
  note: Type.Optional(Type.String()),
});
`;
}

function resourceOf(name) {
  const type = typeName(name);
  return `export const ${name} = {
      path: "/${name}/{id}",
      /** Reads one. */
      GET: { request: Type.Object({ id: Type.Integer() }), response: ${type}, errors: { NOT_FOUND: Type.Object({ id: Type.Integer() }) } },
      STORE: { request: Type.Object({ id: Type.Integer(), title: Type.String({ minLength: 1, maxLength: 200 }), tags: Type.Array(Type.String({ maxLength: 32 }), { maxItems: 16 }) }), response: ${type} },
      UPDATE: { request: Type.Object({ id: Type.Integer(), page: Type.Optional(Page), change: Type.Partial(${type}) }), response: ${type}, errors: { CONFLICT: Type.Object({ current: ${type} }) } },
      DELETE: { request: Type.Object({ id: Type.Integer() }), response: Type.Null(), scope: "write" },
} as const;
`;
}

function typeName(name) {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
