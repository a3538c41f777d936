import type { ApiModel } from "../../model/api-model.js";
import { handlerInterfaces } from "./handler-interfaces.js";
import { printComment } from "./layout.js";
import { methodInterfaces } from "./method-interfaces.js";
import { resourceMembers, signature } from "./method-members.js";
import { apiSymbol, runtimeType, runtimeValue } from "./runtime-symbols.js";
import { TextFile } from "./text-file.js";
import { exportedTypes } from "./type-use.js";

/** What `server.ts` calls the methods of callbacks, all together. */
const CALLBACKS = "Callbacks";

/** `server.ts`: the handlers' interfaces, `defineHandlers` and `serve`; where there are callbacks, their methods too. */
export function emitServer(model: ApiModel, header: string, extension: string): string {
  const { resources, callbacks } = model;
  const calls = callbacks.length === 0 ? undefined : CALLBACKS;
  const declared = [
    "Handlers",
    "defineHandlers",
    "serve",
    ...resources.map(({ typeName }) => `${typeName}Handlers`),
    ...(calls === undefined ? [] : [calls]),
    ...callbacks.map(({ typeName }) => `${typeName}Methods`),
  ];
  const file = new TextFile([...declared, "Promise", "Uint8Array"], exportedTypes(model));
  const blocks = [
    `${printComment(`What a server of the ${model.name} API implements: one function for each method.`, 0)}` +
      `export interface Handlers {\n${resourceMembers(resources, "Handlers")}}\n`,
    ...handlerInterfaces(resources, file, extension, calls),
    ...callbackMethods(model, file, extension),
    defineFunction(calls, file, extension),
    serveFunction(calls, file, extension),
  ];
  file.write(blocks.join("\n"));
  return file.print(header);
}

function callbackMethods({ callbacks }: ApiModel, file: TextFile, extension: string): readonly string[] {
  if (callbacks.length === 0) return [];
  const comment =
    "What the client at the other end of a connection may serve: `ctx.callbacks` of a handler, and `callbacks` of each\n" +
    "of `ctx.clients` and `server.clients`.";
  return [
    `${printComment(comment, 0)}export interface ${CALLBACKS} {\n${resourceMembers(callbacks, "Methods")}}\n`,
    ...methodInterfaces(callbacks, file, extension),
  ];
}

function defineFunction(calls: string | undefined, file: TextFile, extension: string): string {
  const [result, bind] = [file.use(runtimeType("ApiHandlers")), file.use(runtimeValue("bindHandlers"))];
  const args = calls === undefined ? "" : `<${calls}>`;
  const comment =
    "Binds handlers to the contract: what `sshrpc serve --handlers FILE` expects as the file's default export.";
  return (
    printComment(comment, 0) +
    signature("export function defineHandlers", ["handlers: Handlers"], `${result}${args}`) +
    `  return ${bind}(${file.use(apiSymbol(extension))}, handlers);\n}\n`
  );
}

function serveFunction(calls: string | undefined, file: TextFile, extension: string): string {
  const [options, server] = [file.use(runtimeType("ServeOptions")), file.use(runtimeType("Server"))];
  const args = calls === undefined ? "" : `<${calls}>`;
  const handlers = `handlers: Handlers | ${file.use(runtimeType("ApiHandlers"))}${args}`;
  const comment =
    "Serves the API over SSH: handlers, or what `defineHandlers` has made of them. Whoever serves closes:\n" +
    "`await using server = await serve(...)`, or `server.close()`.";
  const call = `${file.use(runtimeValue("serveApi"))}${args}(${file.use(apiSymbol(extension))}, handlers, options)`;
  return (
    printComment(comment, 0) +
    signature("export function serve", [handlers, `options: ${options}`], `Promise<${server}${args}>`) +
    `  return ${call};\n}\n`
  );
}
