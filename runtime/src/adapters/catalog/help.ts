import type { Contract, JsonSchema, MethodContract } from "../../contract/contract.js";
import type { Api, Method } from "../../contract/method.js";
import { type Catalog, contractOf } from "./catalog.js";
import { findMethods } from "./find-methods.js";
import { fieldsOf, typesOf } from "./schema-fields.js";
import { typeName } from "./type-name.js";

const USAGE = `
  VERB PATH [JSON, or field=value ...] [--timeout 2s]    calls a method; - takes the request from standard input
  help NAME        what a resource takes and gives
  describe PATH    its JSON Schemas
  version          of the API
`;

/**
 * What the peer may call: all of it with a line each, or in detail what a topic means.
 * @throws RpcError NOT_FOUND where nothing has that name
 */
export async function help(topic: readonly string[], { name, version }: Api, catalogue: Catalog): Promise<string> {
  const methods = findMethods(topic, catalogue);
  const contract = await catalogue.contract();
  if (topic.length > 0) return methods.map((method) => details(method, contract)).join("\n");
  const lines = columns(methods.map((method) => [method.id, firstLine(contractOf(method, contract)?.description)]));
  const title = [`${name} ${version}`, ...indent(contract?.description)].join("\n");
  const list = lines.length === 0 ? "  nothing that you may call" : lines.join("\n");
  return plain(`${title}\n\n${list}\n${USAGE}`);
}

function details(method: Method, contract: Contract | undefined): string {
  const described = contractOf(method, contract);
  const lines = [
    method.id,
    ...indent(described?.description),
    ...(described === undefined ? [] : [...requestLines(described, contract), ...answerLines(described)]),
    ...(method.scope === undefined ? [] : [`  needs the scope ${method.scope}`]),
    ...(described?.deprecated
      ? [`  deprecated${typeof described.deprecated === "string" ? `: ${described.deprecated}` : ""}`]
      : []),
  ];
  return plain(`${lines.join("\n")}\n`);
}

function requestLines({ request, requestStream }: MethodContract, contract: Contract | undefined): string[] {
  const types = contract?.types ?? {};
  const fields = fieldsOf(request, types).map(({ name, required, schema }) => [
    name,
    fieldType(schema, types) + (required ? "" : ", optional"),
    firstLine(schema["description"]),
  ]);
  return [
    ...columns(fields),
    ...(requestStream === undefined ? [] : [`  takes a stream on standard input: ${streamName(requestStream)}`]),
  ];
}

/** A named type says little to whoever has to write a value of it. */
function fieldType(schema: JsonSchema, types: Contract["types"]): string {
  const name = typeName(schema);
  const [type, ...others] = typesOf(schema, types) ?? [];
  const isNamed = "$ref" in schema && others.length === 0 && type !== undefined;
  return isNamed ? `${name} (${type})` : name;
}

function answerLines({ response, responseStream, errors = {} }: MethodContract): string[] {
  const failures = Object.keys(errors);
  return [
    ...(responseStream === undefined ? [] : [`  answers with a stream: ${streamName(responseStream)}`]),
    ...(response === undefined
      ? []
      : [`  ${responseStream === undefined ? "answers with" : "ends with"} ${typeName(response)}`]),
    ...(failures.length === 0 ? [] : [`  or fails with ${failures.join(", ")}`]),
  ];
}

function streamName(stream: NonNullable<MethodContract["requestStream"]>): string {
  return stream === "bytes" ? "raw bytes" : `${typeName(stream)}, a JSON value a line`;
}

/** Cells in aligned columns, one row a line; the last one is as long as it is. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
}

function indent(text: string | undefined): string[] {
  return text === undefined ? [] : text.split("\n").map((line) => `  ${line}`);
}

function firstLine(text: unknown): string {
  return typeof text === "string" ? (text.split("\n")[0] as string) : "";
}

/** What a schema says goes to a terminal: nothing of it may steer that. */
function plain(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, "");
}
