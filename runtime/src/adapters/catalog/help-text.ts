import { HEALTH, STATUS } from "../../contract/built-in/operations.js";
import { constraints } from "../../contract/constraints.js";
import type { Contract, JsonSchema, MethodContract } from "../../contract/contract.js";
import type { Method } from "../../contract/method.js";
import { type Catalog, methodContract } from "./catalog.js";
import { findMethods } from "./find-methods.js";
import { schemaFields, schemaTypes, unionMembers } from "./schema-fields.js";
import { typeName } from "./type-name.js";

const USAGE = `
  VERB PATH [JSON | FIELD=VALUE ...] [--timeout 2s] [--idempotency-key KEY] [--after POSITION] [--positions]
                   call a method; - reads the request from standard input
  help NAME        show the fields and results of a resource
  describe PATH    print its JSON Schemas
  version          print the version of the API
  contract         print the contract: the methods that this key may call, with their schemas
`;

/** Further commands, for keys with the scopes of their methods. */
const OPERATIONS: readonly (readonly [method: Method, line: string])[] = [
  [HEALTH, "  health           print whether the server takes calls: exit status 0, else 5"],
  [STATUS, "  status           print connections, calls by method, and what keys hold"],
];

/**
 * Lists the methods that the peer may call, one per line, or describes those that a topic names.
 * @throws RpcError NOT_FOUND for an unknown topic
 */
export async function helpText(topic: readonly string[], catalog: Catalog): Promise<string> {
  const { name, version } = catalog.api;
  const { api, methods } = findMethods(topic, catalog);
  const contract = await api.contract?.();
  if (topic.length > 0) return methods.map((method) => details(method, contract)).join("\n");
  const lines = columns(methods.map((method) => [method.id, summary(methodContract(method, contract))]));
  const title = [`${name} ${version}`, ...indent(contract?.description)].join("\n");
  const list = lines.length === 0 ? "  no methods (this key has no matching scopes)" : lines.join("\n");
  const operations = OPERATIONS.flatMap(([method, line]) => (catalog.builtIn.includes(method) ? [`${line}\n`] : []));
  return plain(`${title}\n\n${list}\n${USAGE}${operations.join("")}`);
}

/** The first line of the description; deprecated methods are marked. */
function summary({ description, deprecated }: Partial<MethodContract> = {}): string {
  return [...(deprecated ? ["(deprecated)"] : []), firstLine(description)].join(" ").trim();
}

function details(method: Method, contract: Contract | undefined): string {
  const described = methodContract(method, contract);
  const since = described?.since ?? contract?.resources[method.resource]?.since;
  const lines = [
    method.id,
    ...indent(described?.description),
    ...(described === undefined ? [] : [...requestLines(described, contract), ...answerLines(described)]),
    ...(method.scope === undefined ? [] : [`  requires the scope ${method.scope}`]),
    ...(since === undefined ? [] : [`  since ${since}`]),
    ...(described?.deprecated
      ? [`  deprecated${typeof described.deprecated === "string" ? `: ${described.deprecated}` : ""}`]
      : []),
  ];
  return plain(`${lines.join("\n")}\n`);
}

function requestLines({ request, requestStream }: MethodContract, contract: Contract | undefined): string[] {
  const types = contract?.types ?? {};
  return [
    ...fieldLines(request, types),
    ...(requestStream === undefined ? [] : [`  reads a stream from standard input: ${streamName(requestStream)}`]),
  ];
}

/** One line for each field; those of a union under each of its members. */
function fieldLines(request: JsonSchema, types: Contract["types"]): string[] {
  const members = unionMembers(request, types);
  if (members !== undefined) {
    return members.flatMap((member, index) => [
      `  ${index === 0 ? "either" : "or"} ${typeName(member)}`,
      ...fieldLines(member, types).map((line) => `  ${line}`),
    ]);
  }
  const fields = schemaFields(request, types).map(({ name, required, schema }) => [
    name,
    fieldType(schema, types) + (required ? "" : ", optional") + (schema["deprecated"] === true ? ", deprecated" : ""),
    constraints(schema, { schemaOf: (type) => types[type], beside: valuesAndDefault }),
    firstLine(schema["description"]),
  ]);
  return columns(fields);
}

/** The values of an enumeration, because a field's type lists them only where it has no name; and the default. */
function valuesAndDefault(part: JsonSchema): { readonly before: readonly string[]; readonly after: readonly string[] } {
  const { enum: listed } = part;
  return {
    before: Array.isArray(listed) ? [`one of ${listed.map((value) => JSON.stringify(value)).join(", ")}`] : [],
    after: "default" in part ? [`default ${JSON.stringify(part["default"])}`] : [],
  };
}

/** A named type with the JSON type that a user has to write: `Tag (string)`. */
function fieldType(schema: JsonSchema, types: Contract["types"]): string {
  const name = typeName(schema);
  const [type, ...others] = schemaTypes(schema, types) ?? [];
  const isNamed = "$ref" in schema && others.length === 0 && type !== undefined;
  return isNamed ? `${name} (${type})` : name;
}

function answerLines({ response, responseStream, errors = {} }: MethodContract): string[] {
  const failures = Object.keys(errors);
  return [
    ...(responseStream === undefined ? [] : [`  returns a stream: ${streamName(responseStream)}`]),
    ...(response === undefined
      ? []
      : [`  ${responseStream === undefined ? "returns" : "ends with"} ${typeName(response)}`]),
    ...(failures.length === 0 ? [] : [`  errors: ${failures.join(", ")}`]),
  ];
}

function streamName(stream: NonNullable<MethodContract["requestStream"]>): string {
  return stream === "bytes" ? "raw bytes" : `${typeName(stream)}, one JSON value per line`;
}

/** Aligns the cells of rows in columns, one row per line. Empty columns are left out. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.flatMap((cell, column) => (widths[column] === 0 ? [] : [cell.padEnd(widths[column] ?? 0)])).join("  ");
  return rows.map((row) => `  ${line(row)}`.trimEnd());
}

function indent(text: string | undefined): string[] {
  return text === undefined ? [] : text.split("\n").map((line) => `  ${line}`);
}

function firstLine(text: unknown): string {
  return typeof text === "string" ? (text.split("\n")[0] as string) : "";
}

/** Removes control characters: the texts of a schema are printed on terminals. */
function plain(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, "");
}
