import type { ApiModel } from "../../model/api-model.js";
import { handlerInterfaces } from "./handler-interfaces.js";
import { printComment } from "./layout.js";
import { methodInterfaces } from "./method-interfaces.js";
import { resourceMembers, signature } from "./method-members.js";
import { apiSymbol, runtimeType, runtimeValue } from "./runtime-symbols.js";
import { TextFile } from "./text-file.js";
import { exportedTypes } from "./type-use.js";

/** What `client.ts` calls the handlers of callbacks, all together. */
const CALLBACK_HANDLERS = "CallbackHandlers";

/** `client.ts`: the client's interfaces, and `connect`; where there are callbacks, their handlers' interfaces as well. */
export function emitClient(model: ApiModel, header: string, extension: string): string {
  const { resources, callbacks } = model;
  const clientName = `${model.typeName}Client`;
  const declared = [
    clientName,
    "connect",
    ...resources.map(({ typeName }) => `${typeName}Methods`),
    ...(callbacks.length === 0 ? [] : [CALLBACK_HANDLERS]),
    ...callbacks.map(({ typeName }) => `${typeName}Handlers`),
  ];
  const file = new TextFile([...declared, "Promise", "Uint8Array"], exportedTypes(model));
  const base = file.use(runtimeType("Client"));
  const blocks = [
    `${printComment(model.description ?? `A connection to the ${model.name} API.`, 0)}export interface ${clientName} extends ${base} {\n` +
      `${resourceMembers(resources, "Methods")}}\n`,
    ...methodInterfaces(resources, file, extension),
    ...callbackHandlers(model, file, extension),
    connectFunction(clientName, callbacks.length > 0, file, extension),
  ];
  file.write(blocks.join("\n"));
  return file.print(header);
}

function callbackHandlers({ name, callbacks }: ApiModel, file: TextFile, extension: string): readonly string[] {
  if (callbacks.length === 0) return [];
  const comment =
    `What a client of the ${name} API may serve: one function for each method. The server calls them over the\n` +
    "connection that the client dialled.";
  return [
    `${printComment(comment, 0)}export interface ${CALLBACK_HANDLERS} {\n${resourceMembers(callbacks, "Handlers")}}\n`,
    ...handlerInterfaces(callbacks, file, extension),
  ];
}

function connectFunction(clientName: string, serves: boolean, file: TextFile, extension: string): string {
  const [target, options] = [file.use(runtimeType("Target")), file.use(runtimeType("ConnectOptions"))];
  const [connectApi, api] = [file.use(runtimeValue("connectApi")), file.use(apiSymbol(extension))];
  const comment =
    "Connects to a server, such as `ssh://alice@edge:8022`. The server's host key is checked before anything is sent;\n" +
    "whoever connects closes: `await using client = await connect(...)`, or `client.close()`.";
  const params = [`target: ${target}`, `options?: ${options}${serves ? `<${CALLBACK_HANDLERS}>` : ""}`];
  return (
    printComment(comment, 0) +
    signature("export function connect", params, `Promise<${clientName}>`) +
    `  return ${connectApi}<${clientName}>(${api}, target, options);\n}\n`
  );
}
