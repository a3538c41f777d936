import type { Kind } from "sshrpc/contract";
import type { MethodModel, ResourceModel } from "../../model/api-model.js";
import { printComment } from "./layout.js";
import { genericMember, methodComment } from "./method-members.js";
import { runtimeType } from "./runtime-symbols.js";
import type { TextFile } from "./text-file.js";
import { schemaType, useItem, useRequest, useType } from "./type-use.js";

const HANDLER_TYPES: Readonly<Record<Kind, string>> = {
  unary: "UnaryHandler",
  "server-streaming": "ServerStreamingHandler",
  "client-streaming": "ClientStreamingHandler",
  bidirectional: "BidirectionalHandler",
};

/**
 * What whoever serves implements: `NoteHandlers` for each resource.
 *
 * @param callbacks the interface of what handlers may call back; undefined where the schema has no callbacks for them.
 */
export function handlerInterfaces(
  resources: readonly ResourceModel[],
  file: TextFile,
  extension: string,
  callbacks?: string,
): readonly string[] {
  return resources.map(({ typeName, path, methods }) => {
    const members = methods.map((method) => handlerMember(method, file, extension, callbacks)).join("");
    return `${printComment(`The handlers of ${path}.`, 0)}export interface ${typeName}Handlers {\n${members}}\n`;
  });
}

function handlerMember(method: MethodModel, file: TextFile, extension: string, callbacks: string | undefined): string {
  const { requestStream, responseStream, response, errors } = method;
  const args = [
    useRequest(file, method, extension),
    ...(requestStream === undefined ? [] : [useItem(file, requestStream, extension)]),
    ...(responseStream === undefined ? [] : [useItem(file, responseStream, extension)]),
    response && useType(file, response, extension),
    errors.length === 0 ? undefined : file.use(schemaType(`${method.typeName}Errors`, extension)),
    callbacks,
  ];
  const type = file.use(runtimeType(HANDLER_TYPES[method.kind]));
  return genericMember(methodComment(method), method.name, { type, args: withDefaults(args) });
}

/** What is undefined is `unknown` by default, and need not be written where nothing comes behind it. */
function withDefaults(args: readonly (string | undefined)[]): readonly string[] {
  const last = args.findLastIndex((arg) => arg !== undefined);
  return args.slice(0, last + 1).map((arg) => arg ?? "unknown");
}
