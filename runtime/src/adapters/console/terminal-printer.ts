import { printable } from "../../base/printable.js";
import type { SessionTerminal } from "../../base/session.js";
import type { RpcError } from "../../contract/rpc-error.js";
import { escapeUnsafe } from "../session-io/json-text.js";
import type { Printer } from "../session-io/printer.js";
import { prettyJson } from "./pretty-json.js";

/** Characters of an error's message. */
const MAX_MESSAGE = 2000;

/** For people: JSON as wide as the terminal, in colours where it has some. Raw bytes show what text they hold. */
export function terminalPrinter(terminal: SessionTerminal): Printer {
  const colours = terminal.type !== "dumb" && terminal.type !== "";
  const print = (value: unknown): string => `${escapeUnsafe(prettyJson(value, terminal.columns, colours))}\n`;
  return {
    value: print,
    document: print,
    bytes: terminalText(),
    error: (error) => {
      const message = printable(`${error}`, MAX_MESSAGE);
      const line = `${colours ? `\u001b[31m${message}\u001b[0m` : message}\n`;
      return error.details === undefined || hasOnlyIssues(error) ? line : line + print(error.details);
    },
  };
}

/** Makes raw bytes the text that they hold, without what a terminal would act on. Characters may be cut by their chunks. */
export function terminalText(): (bytes: Uint8Array) => string {
  const text = new TextDecoder();
  return (bytes) => text.decode(bytes, { stream: true }).replace(/[^\P{C}\n\t]/gu, "\ufffd");
}

/** Issues stand in the message already. */
function hasOnlyIssues({ details }: RpcError): boolean {
  return typeof details === "object" && details !== null && Object.keys(details).join() === "issues";
}
