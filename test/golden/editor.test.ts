import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Contract, MethodContract } from "sshrpc/contract";
import typescript5, { type LanguageService } from "typescript-5";
import typescript6 from "typescript-6";
import { beforeAll, describe, expect, test } from "vitest";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const PROBE = `${REPOSITORY}test/golden/probe.ts`;
const CONTRACT = JSON.parse(readFileSync(`${REPOSITORY}generated/api.json`, "utf8")) as Contract;

/** The texts that an editor shows for one method: on hover, in completion, and in signature help. */
interface Shown {
  readonly hover: string;
  readonly completion: string;
  readonly signature?: string;
}

/** What an editor shows in a file that uses the generated code; `^` marks positions. */
type Editor = (marked: string) => readonly Shown[];

/** An editor with one language service, which reads the generated code and the libraries once. */
function openEditor(ts: typeof typescript5): Editor {
  let text = "";
  let version = 0;
  const options = {
    strict: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
  };
  const textOf = (file: string) => (file === PROBE ? text : ts.sys.readFile(file));
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [PROBE],
    getScriptVersion: (file) => (file === PROBE ? `${version}` : "1"),
    getScriptSnapshot: (file) => {
      const content = textOf(file);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => REPOSITORY,
    getDefaultLibFileName: (config) => ts.getDefaultLibFilePath(config),
    fileExists: (file) => file === PROBE || ts.sys.fileExists(file),
    readFile: textOf,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  });
  return (marked) => {
    text = marked.replaceAll("^", "");
    version++;
    return shownIn(ts, service, marked);
  };
}

function shownIn(ts: typeof typescript5, service: LanguageService, marked: string): readonly Shown[] {
  const text = marked.replaceAll("^", "");
  expect(service.getSemanticDiagnostics(PROBE).map(({ messageText }) => messageText)).toEqual([]);
  return [...marked.matchAll(/\^/g)].map(({ index }, before) => {
    const at = index - before;
    const name = /^\w+/.exec(text.slice(at))?.[0] ?? "";
    const plain = (parts: Parameters<typeof ts.displayPartsToString>[0]) => ts.displayPartsToString(parts);
    const details = service.getCompletionEntryDetails(PROBE, at, name, undefined, undefined, undefined, undefined);
    const help = service.getSignatureHelpItems(PROBE, text.indexOf("(", at) + 1, undefined);
    return {
      hover: plain(service.getQuickInfoAtPosition(PROBE, at)?.documentation),
      completion: plain(details?.documentation),
      ...(text[at + name.length] === "("
        ? { signature: help?.items.map((item) => plain(item.documentation)).join(" | ") ?? "" }
        : {}),
    };
  });
}

/** Every method of the example API, with its text. */
function methodsOf(resources: Contract["resources"]) {
  return Object.entries(resources).flatMap(([resource, { methods }]) =>
    Object.entries(methods).map(([verb, method]) => ({
      resource,
      name: verb.toLowerCase(),
      ...(method as MethodContract & { readonly description: string }),
    })),
  );
}

describe.each([
  ["TypeScript 5", typescript5],
  ["TypeScript 6", typescript6 as unknown as typeof typescript5],
])("an editor with %s shows the schema's text", (_version, ts) => {
  let show: Editor;
  beforeAll(() => {
    show = openEditor(ts);
  });

  test.each([
    ["a client's methods", "client.js", "NotesClient", CONTRACT.resources],
    ["the callbacks that a server calls", "server.js", "Callbacks", CONTRACT.callbacks],
  ])("of %s", (_what, file, type, resources) => {
    const methods = methodsOf(resources);
    const calls = methods.map(({ resource, name, kind }) => {
      const items = kind === "client-streaming" || kind === "bidirectional" ? ", []" : "";
      return `void api.${resource}.^${name}({} as never${items});\nvoid api.${resource}.^${name};\n`;
    });
    const head = `import type { ${type} } from "../../generated/${file}";\ndeclare const api: ${type};\n`;
    expect(show(head + calls.join(""))).toEqual(
      methods.flatMap(({ description: text }) => [
        { hover: text, completion: text, signature: text },
        { hover: text, completion: text },
      ]),
    );
  });

  test.each([
    ["a server's handlers", "server.js", "Handlers", CONTRACT.resources],
    ["the callbacks that a client serves", "client.js", "CallbackHandlers", CONTRACT.callbacks],
  ])("of %s", (_what, file, type, resources) => {
    const methods = methodsOf(resources);
    const head = `import type { ${type} } from "../../generated/${file}";\n`;
    const objects = methods.map(
      ({ resource, name }, index) =>
        `export const h${index}: Partial<${type}["${resource}"]> = { ^${name}: () => null as never };\n`,
    );
    expect(show(head + objects.join(""))).toEqual(
      methods.map(({ description: text }) => ({ hover: text, completion: text })),
    );
  });
});
