import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Editor, Place } from "./editor.js";
import { onMessages, Pending } from "./messages.js";

interface Markup {
  readonly value: string;
}
interface Location {
  readonly uri: string;
  readonly range: { readonly start: { readonly line: number; readonly character: number } };
}

const CAPABILITIES = {
  textDocument: {
    hover: { contentFormat: ["markdown"] },
    completion: { completionItem: { documentationFormat: ["markdown"] } },
    signatureHelp: { signatureInformation: { documentationFormat: ["markdown"] } },
  },
};

/** The language server of TypeScript 7. */
export async function openLsp(folder: string, file: string): Promise<Editor> {
  const { default: executable } = await import(join(folder, "lib", "getExePath.js"));
  const child = spawn(executable(), ["--lsp", "--stdio"], { stdio: ["pipe", "pipe", "ignore"], cwd: dirname(file) });
  const pending = new Pending();
  child.once("exit", (code) => pending.fail(new Error(`the language server ended with ${code}`)));
  const send = (message: object): void => {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  };
  onMessages(child.stdout, ({ id, method, params, result }) => {
    // The server asks for settings: there are none.
    const items = (params as { readonly items?: readonly unknown[] } | undefined)?.items ?? [];
    if (method !== undefined && id !== undefined) send({ id, result: items.map(() => null) });
    else if (id !== undefined) pending.settle(Number(id), result);
  });
  const request = (method: string, params: object | null): Promise<unknown> =>
    pending.request((id) => send({ id, method, params }));
  const uri = pathToFileURL(file).href;
  const textDocument = { uri };
  await request("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(dirname(file)).href,
    capabilities: CAPABILITIES,
  });
  send({ method: "initialized", params: {} });
  let version = 1;
  send({
    method: "textDocument/didOpen",
    params: { textDocument: { uri, languageId: "typescript", version, text: "" } },
  });
  return {
    async write(text) {
      version++;
      send({
        method: "textDocument/didChange",
        params: { textDocument: { uri, version }, contentChanges: [{ text }] },
      });
      const { items } = (await request("textDocument/diagnostic", { textDocument })) as {
        readonly items: readonly { readonly message: string; readonly severity: number }[];
      };
      return items.filter(({ severity }) => severity === 1).map(({ message }) => message);
    },
    async at({ line, column }, { text, isCall }) {
      const position = { line: line - 1, character: column - 1 };
      const ask = (method: string, more: object = {}): Promise<unknown> =>
        request(`textDocument/${method}`, { textDocument, position, ...more });
      const hover = (await ask("hover")) as { readonly contents: Markup } | null;
      const list = (await ask("completion")) as { readonly items: readonly { readonly label: string }[] } | null;
      const item = list?.items.find(({ label }) => label.replace("?", "") === text);
      const completed = item && ((await request("completionItem/resolve", item)) as { documentation?: Markup });
      const inside = { line: line - 1, character: column + text.length };
      const help = isCall
        ? ((await ask("signatureHelp", { position: inside })) as { signatures: { documentation?: Markup }[] })
        : undefined;
      const found = (await ask("definition")) as readonly Location[] | null;
      return {
        hover: parse(hover?.contents),
        completion: parse(completed?.documentation)[0] ?? "",
        signature: help?.signatures.map(({ documentation }) => parse(documentation)[0]).join(" | "),
        definitions: (found ?? []).map(placeOf),
      };
    },
    async [Symbol.asyncDispose]() {
      await request("shutdown", null);
      send({ method: "exit" });
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

function placeOf({ uri, range: { start } }: Location): Place {
  return { file: fileURLToPath(uri), line: start.line + 1, column: start.character + 1 };
}

/** The documentation and the tags of Markdown: a block of code, text, and tags such as `*@throws* — text`. */
function parse({ value }: Markup = { value: "" }): readonly string[] {
  const [documentation = "", ...tags] = value.replace(/^```[\s\S]*?\n```\n?/, "").split(/\n*^\*@/m);
  const plain = (tag: string): string => tag.replace(/\*( — |\s*)/, " ").replace(/```tsx\n([\s\S]*)\n```/, "$1");
  return [documentation.trim(), ...tags.map((tag) => `@${plain(tag).trim()}`)];
}
