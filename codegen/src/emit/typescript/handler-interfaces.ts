import type { Kind } from "sshrpc/contract";
import type { MethodModel, ResourceModel } from "../../model/api-model.js";
import { methodComment } from "./method-comment.js";
import { genericMember, methodName } from "./method-members.js";
import { errorTypeNames } from "./naming.js";
import { type PartContext, PartTexts, runtimeType, type TextFile } from "./text-file.js";
import { printComment } from "./type/layout.js";
import { schemaType, useItem, useRequest, useType } from "./type-use.js";

const HANDLER_TYPES: Readonly<Record<Kind, string>> = {
  unary: "UnaryHandler",
  "server-streaming": "ServerStreamingHandler",
  "client-streaming": "ClientStreamingHandler",
  bidirectional: "BidirectionalHandler",
};

/**
 * The interfaces that a server implements: `NoteHandlers` for each resource.
 * @param callbacks the name of the interface with which handlers call callbacks; undefined if there are none.
 */
export function handlerInterfaces(
  resources: readonly ResourceModel[],
  file: TextFile,
  callbacks?: string,
): readonly string[] {
  const context: PartContext = { use: (symbol) => file.use(symbol), find: () => undefined };
  return resources.map((resource) =>
    TEXTS.get(resource, callbacks ?? "", context, (part) => handlerInterface(resource, part, callbacks)),
  );
}

const TEXTS = new PartTexts();

function handlerInterface({ typeName, path, methods }: ResourceModel, file: PartContext, callbacks?: string): string {
  const members = methods.map((method) => handlerMember(method, file, callbacks)).join("");
  return `${printComment(`The handlers of ${path}.`, 0)}export interface ${typeName}Handlers {\n${members}}\n`;
}

function handlerMember(method: MethodModel, file: PartContext, callbacks: string | undefined): string {
  const { requestStream, responseStream, response, errors } = method;
  const args = [
    useRequest(file, method),
    ...(requestStream === undefined ? [] : [useItem(file, requestStream)]),
    ...(responseStream === undefined ? [] : [useItem(file, responseStream)]),
    response && useType(file, response),
    errors.length === 0 ? undefined : file.use(schemaType(errorTypeNames(method.typeName).details)),
    callbacks,
  ];
  const type = file.use(runtimeType(HANDLER_TYPES[method.kind]));
  return genericMember(methodComment(method), methodName(method), { type, args: withDefaults(args) });
}

/** Replaces undefined arguments by `unknown`, which is their default, and drops them at the end. */
function withDefaults(args: readonly (string | undefined)[]): readonly string[] {
  const last = args.findLastIndex((arg) => arg !== undefined);
  return args.slice(0, last + 1).map((arg) => arg ?? "unknown");
}
