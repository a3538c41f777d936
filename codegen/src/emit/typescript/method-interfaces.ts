import type { Kind } from "sshrpc/contract";
import type { MethodModel, ResourceModel } from "../../model/api-model.js";
import { LINE_WIDTH } from "../target.js";
import { methodComment, signatureComment } from "./method-comment.js";
import { methodName } from "./method-members.js";
import { errorTypeNames } from "./naming.js";
import type { SentTypes } from "./sent-types.js";
import { type PartContext, PartTexts, runtimeType, type TextFile } from "./text-file.js";
import { printComment } from "./type/layout.js";
import { schemaType, useItem, useRequest, useType } from "./type-use.js";

const METHOD_TYPES: Readonly<Record<Kind, string>> = {
  unary: "UnaryMethod",
  "server-streaming": "ServerStreamingMethod",
  "client-streaming": "ClientStreamingMethod",
  bidirectional: "BidirectionalMethod",
};

/** The interfaces that callers use: `NoteMethods` for each resource. */
export function methodInterfaces(
  resources: readonly ResourceModel[],
  file: TextFile,
  sentTypes: SentTypes,
): readonly string[] {
  const context: PartContext = { use: (symbol) => file.use(symbol), find: (name) => sentTypes.get(name) };
  return resources.map((resource) => TEXTS.get(resource, "", context, (part) => methodInterface(resource, part)));
}

const TEXTS = new PartTexts();

function methodInterface({ typeName, path, methods }: ResourceModel, file: PartContext): string {
  const members = methods.map((method) => methodMember(method, file)).join("");
  return `${printComment(`The methods of ${path}.`, 0)}export interface ${typeName}Methods {\n${members}}\n`;
}

function methodMember(method: MethodModel, file: PartContext): string {
  const sentTypes = { get: (name: string) => file.find(name) as string | undefined };
  const { requestStream, responseStream, response } = method;
  // Before a request stream the request is required, even an empty one: `client.files.store({}, items)`.
  const optional = method.requestOptional && requestStream === undefined;
  const type = file.use(runtimeType(`${METHOD_TYPES[method.kind]}${optional ? "Optional" : ""}`));
  const failure =
    method.errors.length === 0
      ? file.use(runtimeType("AnyRpcError"))
      : file.use(schemaType(errorTypeNames(method.typeName).union));
  const request = useRequest(file, method, sentTypes);
  const sent = requestStream && useItem(file, requestStream, sentTypes);
  const received = responseStream && useItem(file, responseStream);
  const result = response === undefined ? "void" : useType(file, response);
  const args = [request, sent, received, result, failure].filter((arg) => arg !== undefined);
  const params = [
    `request${optional ? "?" : ""}: ${request}`,
    ...(sent === undefined ? [] : [`items: ${file.use(runtimeType("RequestItems"))}<${sent}>`]),
    `options?: ${file.use(runtimeType("CallOptions"))}`,
  ];
  const returned =
    received === undefined
      ? `Promise<${result}>`
      : `${file.use(runtimeType("ResponseStream"))}<${received}${response === undefined ? "" : `, ${result}`}>`;
  // Editors show the property's comment on hover and in completions, and that of the function type while arguments are typed.
  return (
    `${printComment(methodComment(method), 2)}` +
    `  readonly ${methodName(method)}: ${file.use(runtimeType("DocumentedMethod"))}<\n` +
    `${printComment(signatureComment(method), 4)}${functionType(params, returned)},\n` +
    `${typeArgument(type, args)}\n  >;\n`
  );
}

/** A function type as a type argument: on one line, or with one line for each parameter. */
function functionType(params: readonly string[], result: string): string {
  const line = `    (${params.join(", ")}) => ${result}`;
  if (line.length < LINE_WIDTH) return line;
  return `    (\n${params.map((param) => `      ${param},\n`).join("")}    ) => ${result}`;
}

/** A generic type as a type argument: on one line, or with one line for each argument of its own. */
function typeArgument(type: string, args: readonly string[]): string {
  const line = `    ${type}<${args.join(", ")}>`;
  return line.length <= LINE_WIDTH ? line : `    ${type}<\n${args.map((arg) => `      ${arg}`).join(",\n")}\n    >`;
}
