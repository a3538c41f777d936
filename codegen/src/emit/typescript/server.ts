import type { ApiModel } from "../../model/api-model.js";
import type { EmitOptions } from "../target.js";
import { handlerInterfaces } from "./handler-interfaces.js";
import { methodInterfaces } from "./method-interfaces.js";
import { resourceMembers, signature } from "./method-members.js";
import { apiSymbol, runtimeType, runtimeValue } from "./runtime-symbols.js";
import { sentTypes } from "./sent-types.js";
import { TextFile } from "./text-file.js";
import { printComment } from "./type/layout.js";
import { declaredTypes } from "./type-use.js";

/** The interface with the methods of all callbacks. */
const CALLBACKS = "Callbacks";

/** `server.ts`: the interfaces of the handlers and of the methods of callbacks, `defineHandlers` and `serve`. */
export function emitServer(model: ApiModel, { header, extension }: EmitOptions): string {
  const { resources, callbacks } = model;
  const callbacksType = callbacks.length === 0 ? undefined : CALLBACKS;
  const declared = [
    "Handlers",
    "defineHandlers",
    "serve",
    ...resources.map(({ typeName }) => `${typeName}Handlers`),
    ...(callbacksType === undefined ? [] : [callbacksType]),
    ...callbacks.map(({ typeName }) => `${typeName}Methods`),
  ];
  const file = new TextFile({
    taken: [...declared, "Promise", "Uint8Array"],
    preferred: [...declaredTypes(model), ...sentTypes(model).values()],
    extension,
  });
  const blocks = [
    `${printComment(`What a server of the ${model.name} API implements: one function for each method.`, 0)}` +
      `export interface Handlers {\n${resourceMembers(resources, "Handlers")}}\n`,
    ...handlerInterfaces(resources, file, callbacksType),
    ...callbackMethods(model, file),
    defineFunction(callbacksType, file),
    serveFunction(callbacksType, file),
  ];
  file.write(blocks.join("\n"));
  return file.print(header);
}

function callbackMethods(model: ApiModel, file: TextFile): readonly string[] {
  const { callbacks } = model;
  if (callbacks.length === 0) return [];
  const comment =
    "The callbacks that a connected client can serve: `ctx.callbacks` in a handler, and `callbacks` of each element of\n" +
    "`ctx.clients` and `server.clients`.";
  return [
    `${printComment(comment, 0)}export interface ${CALLBACKS} {\n${resourceMembers(callbacks, "Methods")}}\n`,
    ...methodInterfaces(callbacks, file, sentTypes(model)),
  ];
}

function defineFunction(callbacksType: string | undefined, file: TextFile): string {
  const [result, bind] = [file.use(runtimeType("ApiHandlers")), file.use(runtimeValue("bindHandlers"))];
  const args = callbacksType === undefined ? "" : `<${callbacksType}>`;
  const comment =
    "Binds handlers to the contract. `sshrpc serve --handlers FILE` expects the result as the file's default export.";
  return (
    printComment(comment, 0) +
    signature("export function defineHandlers", ["handlers: Handlers"], `${result}${args}`) +
    `  return ${bind}(${file.use(apiSymbol(file))}, handlers);\n}\n`
  );
}

function serveFunction(callbacksType: string | undefined, file: TextFile): string {
  const [options, server] = [file.use(runtimeType("ServeOptions")), file.use(runtimeType("Server"))];
  const args = callbacksType === undefined ? "" : `<${callbacksType}>`;
  const handlers = `handlers: Handlers | ${file.use(runtimeType("ApiHandlers"))}${args}`;
  const comment =
    "Serves the API over SSH with handlers, or with the result of `defineHandlers`. The caller closes the server:\n" +
    "`await using server = await serve(...)`, or `server.close()`.";
  const call = `${file.use(runtimeValue("serveApi"))}${args}(${file.use(apiSymbol(file))}, handlers, options)`;
  return (
    printComment(comment, 0) +
    signature("export function serve", [handlers, `options: ${options}`], `Promise<${server}${args}>`) +
    `  return ${call};\n}\n`
  );
}
