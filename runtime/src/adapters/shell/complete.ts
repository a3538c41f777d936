import { takesIdempotencyKey } from "../../contract/idempotency.js";
import type { Method } from "../../contract/method.js";
import { isReservedPath, matchPath, parsePath, pathParams } from "../../contract/path.js";
import { isVerb, VERBS } from "../../contract/verb.js";
import type { Catalog } from "../catalog/catalog.js";
import { schemaFields, schemaValues } from "../catalog/schema-fields.js";
import { COMMANDS } from "../exec/parse-command.js";

/**
 * Completes a command: verbs, then paths, then the names of fields, and values where the schema lists them. Only methods
 * that the peer may call are offered.
 * @returns the candidates for the last word, and that word
 */
export async function complete(line: string, catalog: Catalog): Promise<[string[], string]> {
  const words = line.trimStart().split(/\s+/);
  const last = words.at(-1) as string;
  const candidates = await candidatesFor(words, catalog);
  return [candidates.filter((candidate) => candidate.startsWith(last)), last];
}

async function candidatesFor([first = "", ...rest]: readonly string[], catalog: Catalog): Promise<readonly string[]> {
  if (rest.length === 0) {
    const commands = [
      ...COMMANDS,
      ...(first === "" ? [] : VERBS.map((verb) => verb.toLowerCase())),
      "exit",
      "quit",
      "clear",
    ];
    return commands.map((command) => `${command} `);
  }
  // Built-in methods are rarely meant: they are offered once a path begins like theirs.
  const path = rest[0] ?? "";
  const isBuiltIn = isReservedPath(path) || (path.length > 1 && "/sshrpc".startsWith(path));
  const methods = isBuiltIn ? [...catalog.methods, ...catalog.builtIn] : catalog.methods;
  const name = first.toUpperCase();
  if (!isVerb(name)) {
    if (first !== "help" && first !== "describe") return [];
    return [...new Set([...catalog.paths, ...methods.map(({ resource }) => resource)])];
  }
  const answering = methods.filter(({ verb }) => verb === name);
  if (rest.length === 1) return answering.map(({ path }) => `${path} `);
  const method = answering.find(({ path }) => path === rest[0] || matchPath(parsePath(path), rest[0] as string));
  return method === undefined ? [] : fieldCandidates(method, rest, catalog);
}

async function fieldCandidates(
  method: Method,
  [path, ...words]: readonly string[],
  catalog: Catalog,
): Promise<readonly string[]> {
  const described = await catalog.requestSchema(method);
  if (described === undefined) return [];
  const given = new Set(words.slice(0, -1).map((word) => word.split("=")[0]));
  if (path !== method.path) for (const param of pathParams(parsePath(method.path))) given.add(param);
  const fields = schemaFields(described.schema, described.types).filter(({ name }) => !given.has(name));
  const last = words.at(-1) as string;
  const field = fields.find(({ name }) => last.startsWith(`${name}=`));
  if (field !== undefined) {
    return schemaValues(field.schema, described.types).map(
      (value) => `${field.name}=${typeof value === "string" ? value : JSON.stringify(value)} `,
    );
  }
  const options = flagsOf(method).filter((option) => !given.has(option));
  return [...fields.map(({ name }) => `${name}=`), ...options.map((option) => `${option} `)];
}

/** Only a method with a response stream has positions, and only one that is not idempotent has keys. */
function flagsOf(method: Method): readonly string[] {
  const streams = method.responseItem === undefined ? [] : ["--after", "--positions"];
  return ["--timeout", ...(takesIdempotencyKey(method) ? ["--idempotency-key"] : []), ...streams];
}
