import type { Kind } from "sshrpc/contract";
import type { MethodModel, ResourceModel } from "../../model/api-model.js";
import { LINE_WIDTH, printComment } from "./layout.js";
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
  const request = useRequest(file, method, extension);
  const sent = requestStream && useItem(file, requestStream, extension);
  const received = responseStream && useItem(file, responseStream, extension);
  const result = response === undefined ? "void" : useType(file, response, extension);
  const args = [request, sent, received, result, failure].filter((arg) => arg !== undefined);
  const comment = methodComment(method);
  if (comment === "") return genericMember(comment, method.name, { type, args });
  const params = [
    `request${optional ? "?" : ""}: ${request}`,
    ...(sent === undefined ? [] : [`items: ${file.use(runtimeType("Items"))}<${sent}>`]),
    `options?: ${file.use(runtimeType("CallOptions"))}`,
  ];
  const returned =
    received === undefined
      ? `Promise<${result}>`
      : `${file.use(runtimeType("ResponseStream"))}<${received}${response === undefined ? "" : `, ${result}`}>`;
  // Completions show the comment of the property, and the help inside the parentheses that of the signature.
  return (
    `${printComment(comment, 2)}  readonly ${method.name}: {\n` +
    `${printComment(comment, 4)}${callSignature(params, returned)}` +
    `${genericMember("", "safe", { type, args }, { indent: 4, after: '["safe"]' })}  };\n`
  );
}

/** A call signature of an object type: on one line, or each parameter on its own. */
function callSignature(params: readonly string[], result: string): string {
  const line = `    (${params.join(", ")}): ${result};\n`;
  if (line.length <= LINE_WIDTH + 1) return line;
  return `    (\n${params.map((param) => `      ${param},\n`).join("")}    ): ${result};\n`;
}
