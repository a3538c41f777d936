import { printable } from "../../base/printable.js";
import type { SessionTerminal } from "../../base/session.js";
import type { RpcError } from "../../contract/rpc-error.js";
import { escapeUnsafe, type Printer } from "../session-io/printer.js";
import { prettyJson } from "./pretty-json.js";

/** Characters of an error message. */
const MAX_MESSAGE = 2000;

/** For terminals: JSON formatted to the width of the terminal, with colors where it has them; raw bytes as text. */
export function terminalPrinter(terminal: SessionTerminal): Printer {
  const style = terminal.type === "dumb" || terminal.type === "" ? "plain" : "color";
  const print = (value: unknown): string => `${escapeUnsafe(prettyJson(value, terminal.columns, style))}\n`;
  return {
    value: ({ value }) => print(value),
    document: print,
    bytes: terminalText(),
    error: (error) => {
      const message = printable(`${error}`, MAX_MESSAGE);
      const line = `${style === "color" ? `\u001b[31m${message}\u001b[0m` : message}\n`;
      return error.details === undefined || hasOnlyIssues(error) ? line : line + print(error.details);
    },
  };
}

/** Decodes raw bytes chunk by chunk, and replaces characters that a terminal would act on. */
export function terminalText(): (bytes: Uint8Array) => string {
  const text = new TextDecoder();
  return (bytes) => text.decode(bytes, { stream: true }).replace(/[^\P{C}\n\t]/gu, "\ufffd");
}

/** The message already lists the issues. */
function hasOnlyIssues({ details }: RpcError): boolean {
  return typeof details === "object" && details !== null && Object.keys(details).join() === "issues";
}
