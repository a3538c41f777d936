import type { ApiModel } from "../../model/api-model.js";
import type { EmitOptions } from "../target.js";
import { handlerInterfaces } from "./handler-interfaces.js";
import { methodInterfaces } from "./method-interfaces.js";
import { functionDeclaration, resourceMembers } from "./method-members.js";
import { sentTypes } from "./sent-types.js";
import { apiSymbol, runtimeType, runtimeValue, TextFile } from "./text-file.js";
import { printComment } from "./type/layout.js";
import { declaredTypes } from "./type-use.js";

/** The interface with the methods of all callbacks. */
const CALLBACKS = "Callbacks";

const DEFINE =
  "Binds handlers to the contract. `sshrpc serve --handlers FILE` expects the result as the file's default export.";
const DEFINE_MODULE =
  "Binds handlers of one or more methods to the contract: the default export of a module in the folder of\n" +
  "`sshrpc serve --handlers FOLDER`.";
const SERVE =
  "Serves the API over SSH with handlers, or with the result of `defineHandlers`. The caller closes the server:\n" +
  "`await using server = await serve(...)`, or `server.close()`.";

/** `server.js`: `defineHandlers` and `serve`. */
export function emitServer({ header }: EmitOptions): string {
  const file = new TextFile({ taken: ["defineHandlers", "defineHandlerModule", "serve"] });
  const api = file.use(apiSymbol());
  const bind = `${file.use(runtimeValue("bindHandlers"))}(${api}, handlers)`;
  const bindPart = `${file.use(runtimeValue("bindModule"))}(${api}, handlers)`;
  const call = `${file.use(runtimeValue("serveApi"))}(${api}, handlers, options)`;
  file.write(
    `${printComment(DEFINE, 0)}export function defineHandlers(handlers) {\n  return ${bind};\n}\n\n` +
      `${printComment(DEFINE_MODULE, 0)}export function defineHandlerModule(handlers) {\n  return ${bindPart};\n}\n\n` +
      `${printComment(SERVE, 0)}export function serve(handlers, options) {\n  return ${call};\n}\n`,
  );
  return file.print(header);
}

/** `server.d.ts`: the interfaces of the handlers and of the methods of callbacks, `defineHandlers` and `serve`. */
export function emitServerTypes(model: ApiModel, { header }: EmitOptions): string {
  const { resources, callbacks } = model;
  const callbacksType = callbacks.length === 0 ? undefined : CALLBACKS;
  const declared = [
    "Handlers",
    "defineHandlers",
    "defineHandlerModule",
    "serve",
    ...resources.map(({ typeName }) => `${typeName}Handlers`),
    ...(callbacksType === undefined ? [] : [callbacksType]),
    ...callbacks.map(({ typeName }) => `${typeName}Methods`),
  ];
  const file = new TextFile({
    taken: [...declared, "Promise", "Uint8Array"],
    preferred: [...declaredTypes(model), ...sentTypes(model).values()],
  });
  const blocks = [
    `${printComment(`What a server of the ${model.name} API implements: one function for each method.`, 0)}` +
      `export interface Handlers {\n${resourceMembers(resources, "Handlers")}}\n`,
    ...handlerInterfaces(resources, file, callbacksType),
    ...callbackMethods(model, file),
    defineFunction(callbacksType, file),
    moduleFunction(file),
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
  const args = callbacksType === undefined ? "" : `<${callbacksType}>`;
  const result = `${file.use(runtimeType("ApiHandlers"))}${args}`;
  return printComment(DEFINE, 0) + functionDeclaration("defineHandlers", ["handlers: Handlers"], result);
}

function moduleFunction(file: TextFile): string {
  const params = [`handlers: ${file.use(runtimeType("PartialHandlers"))}<Handlers>`];
  return (
    printComment(DEFINE_MODULE, 0) +
    functionDeclaration("defineHandlerModule", params, file.use(runtimeType("HandlerModule")))
  );
}

function serveFunction(callbacksType: string | undefined, file: TextFile): string {
  const [options, server] = [file.use(runtimeType("ServeOptions")), file.use(runtimeType("Server"))];
  const args = callbacksType === undefined ? "" : `<${callbacksType}>`;
  const handlers = `handlers: Handlers | ${file.use(runtimeType("ApiHandlers"))}${args}`;
  const params = [handlers, `options: ${options}`];
  return printComment(SERVE, 0) + functionDeclaration("serve", params, `Promise<${server}${args}>`);
}
