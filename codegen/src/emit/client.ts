import type { ApiModel, MethodModel } from "../model/api-model.js";
import { printComment } from "./layout.js";
import { genericMember, methodComment, resourceMembers, signature } from "./method-members.js";
import { apiSymbol, runtimeType, runtimeValue } from "./runtime-symbols.js";
import { TextFile } from "./text-file.js";
import { exportedTypes, schemaType, useRequest, useType } from "./type-use.js";

/** `client.ts`: the client's interfaces, and `connect`. */
export function emitClient(model: ApiModel, header: string, extension: string): string {
  const clientName = `${model.typeName}Client`;
  const declared = [clientName, "connect", ...model.resources.map(({ typeName }) => `${typeName}Methods`)];
  const file = new TextFile([...declared, "Promise"], exportedTypes(model));
  const base = file.use(runtimeType("Client"));
  const blocks = [
    `${printComment(model.description ?? `A connection to the ${model.name} API.`, 0)}export interface ${clientName} extends ${base} {\n` +
      `${resourceMembers(model.resources, "Methods")}}\n`,
    ...model.resources.map(({ typeName, path, methods }) => {
      const members = methods.map((method) => methodMember(method, file, extension)).join("");
      return `${printComment(`The methods of ${path}.`, 0)}export interface ${typeName}Methods {\n${members}}\n`;
    }),
    connectFunction(clientName, file, extension),
  ];
  file.write(blocks.join("\n"));
  return file.print(header);
}

function methodMember(method: MethodModel, file: TextFile, extension: string): string {
  const type = file.use(runtimeType(method.requestOptional ? "UnaryMethodOptional" : "UnaryMethod"));
  const failure =
    method.errors.length === 0
      ? file.use(runtimeType("AnyRpcError"))
      : file.use(schemaType(`${method.typeName}Error`, extension));
  const args = [useRequest(file, method, extension), useType(file, method.response, extension), failure];
  return genericMember(methodComment(method), method.name, type, args);
}

function connectFunction(clientName: string, file: TextFile, extension: string): string {
  const [target, options] = [file.use(runtimeType("Target")), file.use(runtimeType("ConnectOptions"))];
  const [connectApi, api] = [file.use(runtimeValue("connectApi")), file.use(apiSymbol(extension))];
  const comment =
    "Connects to a server, such as `ssh://alice@edge:8022`. The server's host key is checked before anything is sent;\n" +
    "whoever connects closes: `await using client = await connect(...)`, or `client.close()`.";
  return (
    printComment(comment, 0) +
    signature("export function connect", [`target: ${target}`, `options?: ${options}`], `Promise<${clientName}>`) +
    `  return ${connectApi}<${clientName}>(${api}, target, options);\n}\n`
  );
}
