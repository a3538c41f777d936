import type { JsonSchema } from "sshrpc/contract";
import type { ApiModel, MethodModel, ResourceModel, StreamUse, TypeUse } from "../../model/api-model.js";
import { maxJsonSize } from "../../model/schema/json-size.js";
import type { EmitOptions } from "../target.js";
import { LINE_WIDTH } from "../target.js";
import type { Variant } from "../validators/validator-names.js";
import type { ValidatorSet } from "../validators/validator-set.js";
import { fileSpecifier, type PartContext, PartTexts, runtimeType, TextFile } from "./text-file.js";
import { printComment } from "./type/layout.js";
import { propertyName, stringLiteral } from "./type/literal.js";

const PURPOSE = "The contract at run time. `api.json` holds it as data.";

/** `api.js`: the contract bound to its validators, shared by the client and the server. */
export function emitApi(
  model: ApiModel,
  validators: ValidatorSet,
  { contract: { hash }, header }: EmitOptions,
): string {
  const file = new TextFile({ taken: ["api"] });
  const types = new Map(model.types.map(({ name, schema }) => [name, schema]));
  const context: PartContext = { use: (symbol) => file.use(symbol), find: (name) => types.get(name) };
  const list = (name: string, resources: readonly ResourceModel[]): string => {
    const methods = resources
      .flatMap((resource) => resource.methods.map((method) => ({ resource, method })))
      .sort((a, b) => (a.method.id < b.method.id ? -1 : 1));
    const entries = methods.map(({ resource, method }) => {
      const names = namesOf(method, validators);
      const use = JSON.stringify([resource.name, resource.path, [...names.values()]]);
      return ENTRIES.get(method, use, context, (part) => entryOf({ resource, method, names, file: part }));
    });
    return entries.length === 0 ? "" : `  ${name}: [\n${entries.join("")}  ],\n`;
  };
  file.write(
    `${printComment(PURPOSE, 0)}export const api = {\n` +
      `  name: ${stringLiteral(model.name)},\n  version: ${stringLiteral(model.version)},\n  hash: ${stringLiteral(hash)},\n` +
      `${list("methods", model.resources)}${list("callbacks", model.callbacks)}` +
      `  contract: async () => (await import("${fileSpecifier("contract")}")).contract,\n};\n`,
  );
  return file.print(header);
}

/** `api.d.ts`. */
export function emitApiTypes({ header }: EmitOptions): string {
  const file = new TextFile({ taken: ["api"] });
  file.write(`${printComment(PURPOSE, 0)}export declare const api: ${file.use(runtimeType("Api"))};\n`);
  return file.print(header);
}

const ENTRIES = new PartTexts();

/** The names of the validators of a method's types. */
function namesOf(method: MethodModel, validators: ValidatorSet): ReadonlyMap<TypeUse, string> {
  const { request, requestStream, response, responseStream, errors } = method;
  const list = (variant: Variant, uses: readonly (StreamUse | undefined)[]): readonly (readonly [TypeUse, string])[] =>
    uses.flatMap((use) =>
      use === undefined || use === "bytes" ? [] : [[use, validators.nameOf(use, variant)] as const],
    );
  return new Map([...list("closed", [request, requestStream]), ...list("open", [response, responseStream, ...errors])]);
}

interface Entry {
  readonly resource: ResourceModel;
  readonly method: MethodModel;
  readonly names: ReadonlyMap<TypeUse, string>;
  readonly file: PartContext;
}

function entryOf({ resource, method, names, file }: Entry): string {
  const from = fileSpecifier("validators");
  const importOf = (name: string): string => file.use({ name, from, type: false, alias: `${name}_` });
  const validator = (use: StreamUse | undefined): string | undefined =>
    use === undefined || use === "bytes" ? use && stringLiteral(use) : importOf(names.get(use) ?? "");
  const typeOf = (name: string): JsonSchema | undefined => file.find(name) as JsonSchema | undefined;
  const maxSize = (use: StreamUse | undefined): string | undefined =>
    use === undefined || use === "bytes" ? undefined : maxJsonSize(use.schema, typeOf)?.toString();
  const { id, verb, kind, params, idempotent, onInterrupt, scope, deprecated, timeout, errors } = method;
  const fields: [string, string | undefined][] = [
    ["id", stringLiteral(id)],
    ["resource", stringLiteral(resource.name)],
    ["verb", stringLiteral(verb)],
    ["path", stringLiteral(resource.path)],
    ["kind", stringLiteral(kind)],
    [
      "params",
      record(
        Object.entries(params).map(([name, type]) => [name, stringLiteral(type)]),
        "params",
      ),
    ],
    ["idempotent", String(idempotent)],
    ["onInterrupt", onInterrupt === undefined ? undefined : stringLiteral(onInterrupt)],
    ["scope", scope === undefined ? undefined : stringLiteral(scope)],
    ["deprecated", deprecated === undefined ? undefined : "true"],
    ["timeout", timeout === undefined ? undefined : String(timeout)],
    ["request", validator(method.request)],
    ["maxRequest", maxSize(method.request)],
    ["requestItem", validator(method.requestStream)],
    ["maxRequestItem", maxSize(method.requestStream)],
    ["response", validator(method.response)],
    ["responseItem", validator(method.responseStream)],
    [
      "errors",
      errors.length === 0
        ? undefined
        : record(
            errors.map((error) => [error.status, validator(error) ?? ""]),
            "errors",
          ),
    ],
  ];
  const lines = fields.flatMap(([name, value]) => (value === undefined ? [] : [`      ${name}: ${value},\n`]));
  return `    {\n${lines.join("")}    },\n`;
}

/** An object literal: on one line if it fits after `name`, or with one line for each entry. */
function record(entries: readonly (readonly [string, string])[], name: string): string {
  if (entries.length === 0) return "{}";
  const texts = entries.map(([key, value]) => `${propertyName(key)}: ${value}`);
  const line = `{ ${texts.join(", ")} }`;
  if (`      ${name}: ${line},`.length <= LINE_WIDTH) return line;
  return `{\n${texts.map((text) => `        ${text},\n`).join("")}      }`;
}
