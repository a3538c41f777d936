import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Editor, Place } from "./editor.js";
import { onMessages, Pending } from "./messages.js";

/** Text, as tsserver sends it. */
type Text = string | readonly { readonly text: string }[];
interface Info {
  readonly documentation?: Text;
  readonly tags?: readonly { readonly name: string; readonly text?: Text }[];
}
interface Definition {
  readonly file: string;
  readonly start: { readonly line: number; readonly offset: number };
}

/** The server of TypeScript 5 and 6, as VS Code runs it. */
export async function openTsserver(folder: string, file: string): Promise<Editor> {
  const server = join(folder, "lib", "tsserver.js");
  const args = [server, "--disableAutomaticTypingAcquisition", "--suppressDiagnosticEvents"];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "ignore"] });
  const pending = new Pending();
  child.once("exit", (code) => pending.fail(new Error(`tsserver ended with ${code}`)));
  onMessages(child.stdout, ({ type, request_seq: id, body }) => {
    if (type === "response") pending.settle(Number(id), body);
  });
  const send = (seq: number, command: string, more: object): void => {
    child.stdin.write(`${JSON.stringify({ seq, type: "request", command, arguments: { file, ...more } })}\n`);
  };
  const request = (command: string, more: object): Promise<unknown> => pending.request((id) => send(id, command, more));
  send(0, "open", { fileContent: "" });
  return {
    async write(text) {
      send(0, "open", { fileContent: text });
      const found = (await request("semanticDiagnosticsSync", {})) as readonly { readonly text: string }[];
      return found.map((one) => one.text);
    },
    async at({ line, column }, { text, isCall }) {
      const place = { line, offset: column };
      const info = (await request("quickinfo", place)) as Info | undefined;
      const details = { ...place, entryNames: [text] };
      const [completed] = (await request("completionEntryDetails", details)) as readonly Info[];
      const inside = { line, offset: column + text.length + 1 };
      const help = isCall ? ((await request("signatureHelp", inside)) as { items: readonly Info[] }) : undefined;
      const found = (await request("definition", place)) as readonly Definition[];
      return {
        hover: [
          plain(info?.documentation),
          ...(info?.tags ?? []).map((tag) => `@${tag.name} ${plain(tag.text)}`.trim()),
        ],
        completion: plain(completed?.documentation),
        signature: help?.items.map((item) => plain(item.documentation)).join(" | "),
        definitions: found.map((one): Place => ({ file: one.file, line: one.start.line, column: one.start.offset })),
      };
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

function plain(text: Text = ""): string {
  return typeof text === "string" ? text : text.map((part) => part.text).join("");
}
