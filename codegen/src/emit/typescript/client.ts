import type { ApiModel } from "../../model/api-model.js";
import type { EmitOptions } from "../target.js";
import { handlerInterfaces } from "./handler-interfaces.js";
import { methodInterfaces } from "./method-interfaces.js";
import { functionDeclaration, resourceMembers } from "./method-members.js";
import { CALLBACK_HANDLERS } from "./naming.js";
import { sentTypes } from "./sent-types.js";
import { apiSymbol, runtimeType, runtimeValue, TextFile } from "./text-file.js";
import { printComment } from "./type/layout.js";
import { declaredTypes } from "./type-use.js";

const CONNECT =
  "Connects to a server, such as `ssh://alice@edge:8022`, after verifying its host key. The caller closes the client:\n" +
  "`await using client = await connect(...)`, or `client.close()`.";

/** `client.js`: `connect`. */
export function emitClient({ header }: EmitOptions): string {
  const file = new TextFile({ taken: ["connect"] });
  const call = `${file.use(runtimeValue("connectApi"))}(${file.use(apiSymbol())}, target, options)`;
  file.write(`${printComment(CONNECT, 0)}export function connect(target, options) {\n  return ${call};\n}\n`);
  return file.print(header);
}

/** `client.d.ts`: the interfaces of the client and of the handlers of callbacks, and `connect`. */
export function emitClientTypes(model: ApiModel, { header }: EmitOptions): string {
  const { resources, callbacks } = model;
  const clientName = `${model.typeName}Client`;
  const declared = [
    clientName,
    "connect",
    ...resources.map(({ typeName }) => `${typeName}Methods`),
    ...(callbacks.length === 0 ? [] : [CALLBACK_HANDLERS]),
    ...callbacks.map(({ typeName }) => `${typeName}Handlers`),
  ];
  const file = new TextFile({
    taken: [...declared, "Promise", "Uint8Array"],
    preferred: [...declaredTypes(model), ...sentTypes(model).values()],
  });
  const base = file.use(runtimeType("Client"));
  const blocks = [
    `${printComment(model.description ?? `A connection to the ${model.name} API.`, 0)}export interface ${clientName} extends ${base} {\n` +
      `${resourceMembers(resources, "Methods")}}\n`,
    ...methodInterfaces(resources, file, sentTypes(model)),
    ...callbackHandlers(model, file),
    connectFunction(clientName, callbacks.length > 0, file),
  ];
  file.write(blocks.join("\n"));
  return file.print(header);
}

function callbackHandlers({ name, callbacks }: ApiModel, file: TextFile): readonly string[] {
  if (callbacks.length === 0) return [];
  const comment =
    `The callbacks that a client of the ${name} API can serve: one function for each method. The server calls them over\n` +
    "the connection that the client opened.";
  return [
    `${printComment(comment, 0)}export interface ${CALLBACK_HANDLERS} {\n${resourceMembers(callbacks, "Handlers")}}\n`,
    ...handlerInterfaces(callbacks, file),
  ];
}

function connectFunction(clientName: string, hasCallbacks: boolean, file: TextFile): string {
  const [target, options] = [file.use(runtimeType("Target")), file.use(runtimeType("ConnectOptions"))];
  const params = [`target: ${target}`, `options?: ${options}${hasCallbacks ? `<${CALLBACK_HANDLERS}>` : ""}`];
  return printComment(CONNECT, 0) + functionDeclaration("connect", params, `Promise<${clientName}>`);
}
