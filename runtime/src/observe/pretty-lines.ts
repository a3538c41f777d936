import { printable } from "../base/printable.js";
import { CALL } from "./log-observer.js";

/** Formats a line of JSON for a person. */
type Format = (line: string) => string;

/** The fields that the text of a call has; the others of its line identify the peer. */
interface CallLine {
  readonly method: string;
  readonly status: string;
  readonly ms: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly keyName?: string;
  readonly user: string;
  readonly reason?: string;
}

type Line = Record<string, unknown>;

/** Shown as they are: their line breaks are those of the stack. */
const MULTI_LINE = new Set(["stack"]);

/**
 * Lines for a terminal, by pino-pretty: time, level, message, then the fields; a call in one line; the stack of an error below. Control
 * characters are escaped, because peers choose some texts.
 * @throws Error that says what to install, if the optional package pino-pretty is missing
 */
export async function prettyLines({ color }: { readonly color: boolean }): Promise<Format> {
  const { prettyFactory } = await loadPretty();
  const common = { colorize: color, singleLine: true, translateTime: "SYS:HH:MM:ss.l", errorLikeObjectKeys: [] };
  const format = prettyFactory(common);
  const formatCall = prettyFactory({
    ...common,
    hideObject: true,
    messageFormat: (line) => describeCall(line as unknown as CallLine),
  });
  return (line) => {
    const fields = parse(line);
    if (fields === undefined) return line;
    // Without fields, pino-pretty ends no line.
    if (fields["msg"] === CALL && "status" in fields) return `${formatCall(fields).trimEnd()}\n`;
    const { stack, ...others } = withoutStack(fields);
    return format(others) + stack.map((text) => `    ${text}\n`).join("");
  };
}

/** Separates the lines of a stack, which begins with the type and the message of the error, from the other fields. */
function withoutStack({ err, ...fields }: Line): Line & { readonly stack: readonly string[] } {
  const { stack, type: _, message: __, ...more } = (err ?? {}) as Line;
  if (typeof stack !== "string") return { ...fields, ...(err !== undefined && { err }), stack: [] };
  const lines = ownFrames(stack.split("\n").filter((text) => text.trim() !== ""));
  return { ...fields, ...(Object.keys(more).length > 0 && { err: more }), stack: lines };
}

/**
 * The folder of this package, as stacks have it: its frames say nothing about the fault of a handler. A bundle has none, and no
 * `import.meta.url` either.
 */
const [, PACKAGE] = /([^\s()]+\/)observe\/pretty-lines\.[jt]s/.exec(new Error().stack ?? "") ?? [];

/** A stack without the frames of this package and of Node, unless it has no others, with file names from the working directory. */
function ownFrames(stack: readonly string[]): readonly string[] {
  const own = stack.filter((line) => !isFrame(line) || !isForeign(line));
  const shown = own.some(isFrame) ? own : stack;
  const directory = `${process.cwd()}/`;
  return shown.map((line) => (isFrame(line) ? line.replace("file://", "").replace(directory, "") : line));
}

function isForeign(line: string): boolean {
  return /[( ]node:/.test(line) || (PACKAGE !== undefined && line.includes(PACKAGE));
}

function isFrame(line: string): boolean {
  return /^\s+at /.test(line);
}

function describeCall({ method, status, ms, bytesIn, bytesOut, keyName, user, reason }: CallLine): string {
  const sizes = bytesIn === undefined ? "" : `, ${bytesIn} bytes in, ${bytesOut} bytes out`;
  const why = reason === undefined ? "" : `: ${reason}`;
  return `${method} ${status} ${ms} ms${sizes}, ${keyName ?? user}${why}`;
}

function parse(line: string): Line | undefined {
  try {
    return JSON.parse(line, (name, value: unknown) => (typeof value === "string" ? escapeText(name, value) : value));
  } catch {
    return undefined;
  }
}

function escapeText(name: string, text: string): string {
  if (!MULTI_LINE.has(name)) return printable(text, Number.POSITIVE_INFINITY);
  return text
    .split("\n")
    .map((line) => printable(line, Number.POSITIVE_INFINITY))
    .join("\n");
}

async function loadPretty(): Promise<Pick<typeof import("pino-pretty"), "prettyFactory">> {
  try {
    // Not a literal: bundlers would require the package, or include it.
    const name = "pino-pretty";
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ name)) as typeof import("pino-pretty");
  } catch (error) {
    throw new Error("--log-format pretty requires pino-pretty: npm install --save-dev pino-pretty", { cause: error });
  }
}
