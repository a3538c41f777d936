import type { ApiModel, MethodModel } from "../model/api-model.js";
import { printComment } from "./layout.js";
import { genericMember, methodComment, resourceMembers, signature } from "./method-members.js";
import { apiSymbol, runtimeType, runtimeValue } from "./runtime-symbols.js";
import { TextFile } from "./text-file.js";
import { exportedTypes, schemaType, useRequest, useType } from "./type-use.js";

/** `server.ts`: the handlers' interfaces, `defineHandlers` and `serve`. */
export function emitServer(model: ApiModel, header: string, extension: string): string {
  const declared = [
    "Handlers",
    "defineHandlers",
    "serve",
    ...model.resources.map(({ typeName }) => `${typeName}Handlers`),
  ];
  const file = new TextFile([...declared, "Promise"], exportedTypes(model));
  const blocks = [
    `${printComment(`What a server of the ${model.name} API implements: one function for each method.`, 0)}` +
      `export interface Handlers {\n${resourceMembers(model.resources, "Handlers")}}\n`,
    ...model.resources.map(({ typeName, path, methods }) => {
      const members = methods.map((method) => handlerMember(method, file, extension)).join("");
      return `${printComment(`The handlers of ${path}.`, 0)}export interface ${typeName}Handlers {\n${members}}\n`;
    }),
    defineFunction(file, extension),
    serveFunction(file, extension),
  ];
  file.write(blocks.join("\n"));
  return file.print(header);
}

function handlerMember(method: MethodModel, file: TextFile, extension: string): string {
  const type = file.use(runtimeType("UnaryHandler"));
  const args = [useRequest(file, method, extension), useType(file, method.response, extension)];
  if (method.errors.length > 0) args.push(file.use(schemaType(`${method.typeName}Errors`, extension)));
  return genericMember(methodComment(method), method.name, type, args);
}

function defineFunction(file: TextFile, extension: string): string {
  const [result, bind] = [file.use(runtimeType("ApiHandlers")), file.use(runtimeValue("bindHandlers"))];
  const comment =
    "Binds handlers to the contract: what `sshrpc serve --handlers FILE` expects as the file's default export.";
  return (
    printComment(comment, 0) +
    signature("export function defineHandlers", ["handlers: Handlers"], result) +
    `  return ${bind}(${file.use(apiSymbol(extension))}, handlers);\n}\n`
  );
}

function serveFunction(file: TextFile, extension: string): string {
  const [options, server] = [file.use(runtimeType("ServeOptions")), file.use(runtimeType("Server"))];
  const comment =
    "Serves the API over SSH. Whoever serves closes: `await using server = await serve(...)`, or `server.close()`.";
  return (
    printComment(comment, 0) +
    signature("export function serve", ["handlers: Handlers", `options: ${options}`], `Promise<${server}>`) +
    `  return ${file.use(runtimeValue("serveApi"))}(${file.use(apiSymbol(extension))}, handlers, options);\n}\n`
  );
}
