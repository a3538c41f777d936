import type { Kind } from "sshrpc/contract";
import type { MethodModel, ResourceModel } from "../model/api-model.js";
import { printComment } from "./layout.js";
import { genericMember, methodComment } from "./method-members.js";
import { runtimeType } from "./runtime-symbols.js";
import type { TextFile } from "./text-file.js";
import { schemaType, useItem, useRequest, useType } from "./type-use.js";

const METHOD_TYPES: Readonly<Record<Kind, string>> = {
  unary: "UnaryMethod",
  "server-streaming": "ServerStreamingMethod",
  "client-streaming": "ClientStreamingMethod",
  bidirectional: "BidirectionalMethod",
};

/** What a caller has: `NoteMethods` for each resource. */
export function methodInterfaces(
  resources: readonly ResourceModel[],
  file: TextFile,
  extension: string,
): readonly string[] {
  return resources.map(({ typeName, path, methods }) => {
    const members = methods.map((method) => methodMember(method, file, extension)).join("");
    return `${printComment(`The methods of ${path}.`, 0)}export interface ${typeName}Methods {\n${members}}\n`;
  });
}

function methodMember(method: MethodModel, file: TextFile, extension: string): string {
  const { requestStream, responseStream, response } = method;
  // In front of a request stream even an empty request is written: `client.files.store({}, items)`.
  const optional = method.requestOptional && requestStream === undefined;
  const type = file.use(runtimeType(`${METHOD_TYPES[method.kind]}${optional ? "Optional" : ""}`));
  const failure =
    method.errors.length === 0
      ? file.use(runtimeType("AnyRpcError"))
      : file.use(schemaType(`${method.typeName}Error`, extension));
  const args = [
    useRequest(file, method, extension),
    ...(requestStream === undefined ? [] : [useItem(file, requestStream, extension)]),
    ...(responseStream === undefined ? [] : [useItem(file, responseStream, extension)]),
    response === undefined ? "void" : useType(file, response, extension),
    failure,
  ];
  return genericMember(methodComment(method), method.name, type, args);
}
