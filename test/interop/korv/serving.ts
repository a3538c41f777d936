import { gzipSync } from "node:zlib";
import type { Method } from "sshrpc/generated";
import { RpcError, type ServeOptions, serveHandlers } from "sshrpc/server";
import { expect, onTestFinished } from "vitest";
import { makeKey, TestLog, tempDir, write } from "../../unit/runtime/ssh/support.js";
import { any, handlersOf, method, only } from "../../unit/runtime/support/server.js";
import { Peer } from "./peers.js";

const hasNoTypo = only((value) => typeof value === "object" && value !== null && !("typo" in value));

const METHODS: readonly Method[] = [
  method("GET /hello", { request: hasNoTypo }),
  ...["STORE", "UPDATE", "DELETE"].map((verb) => method(`${verb} /echo`)),
  method("GET /notes/{id}", { params: { id: "integer" }, errors: { NOT_FOUND: any } }),
  method("GET /large"),
  method("GET /fail"),
  method("GET /slow"),
  method("GET /secret", { scope: "secrets" }),
  method("GET /stream", { kind: "server-streaming", responseItem: any }),
];

const DIGITS = new Map<number, string>();

/** Hexadecimal digits, of which gzip needs a byte for two. */
export function digits(size: number): string {
  const known = DIGITS.get(size);
  if (known !== undefined) return known;
  let seed = 1;
  let text = "";
  while (text.length < size) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    text += (seed >> 8).toString(16);
  }
  DIGITS.set(size, text.slice(0, size));
  return text.slice(0, size);
}

/** Our server with the option korv, and clients in Python of it. */
export async function startServer(options: Partial<ServeOptions> = {}) {
  const directory = tempDir();
  const alice = makeKey(directory, "alice");
  const hostKey = makeKey(directory, "host");
  const authorizedKeys = write(directory, "authorized_keys", `${alice.line} alice@laptop\n`);
  const log = new TestLog();
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = { running: 0, most: 0, cancelled: 0, release };
  const large = { asked: 0 };
  const echo = (request: unknown) => request;
  const handlers: Parameters<typeof handlersOf>[1] = {
    "GET /hello": (request) => ({ msg: `Hello ${(request as { name?: string }).name ?? "World"}!` }),
    "STORE /echo": echo,
    "UPDATE /echo": echo,
    "DELETE /echo": echo,
    "GET /notes/{id}": (request) => {
      const { id } = request as { id: number };
      if (id === 42) return { id, text: "hi" };
      throw new RpcError("NOT_FOUND", "no such note", { details: { id } });
    },
    "GET /large": (request) => {
      large.asked += 1;
      return digits((request as { size: number }).size);
    },
    "GET /fail": () => {
      throw new Error("a secret of the house");
    },
    "GET /slow": async (_request, ctx) => {
      slow.running += 1;
      slow.most = Math.max(slow.most, slow.running);
      ctx.signal.addEventListener("abort", () => {
        slow.cancelled += 1;
      });
      await gate;
      slow.running -= 1;
      return "done";
    },
    "GET /secret": () => "secret",
    "GET /stream": async function* () {
      yield 1;
    },
  };
  const server = await serveHandlers(handlersOf(METHODS, handlers), {
    port: 0,
    hostKeys: hostKey.file,
    authorizedKeys,
    log,
    korv: true,
    ...options,
  });
  onTestFinished(() => server.close());
  const knownHosts = write(directory, "known_hosts", `[127.0.0.1]:${server.port} ${hostKey.line}\n`);
  const connect = (key = alice.file, ...more: number[]) =>
    new Peer("client.py", [server.port, key, knownHosts, ...more]);
  /** Connects a client and waits until it is ready. */
  const open = async (...more: number[]) => {
    const client = connect(alice.file, ...more);
    await client.event("ready");
    return client;
  };
  return { server, log, slow, large, connect, open, directory };
}

/** Makes one call in either style; returns code and body of the response. */
export async function call(
  client: Peer,
  style: "blocking" | "callback",
  verb: string,
  resource: string,
  body?: unknown,
) {
  const count = client.all("answer").length + 1;
  client.do({ do: "call", style, verb, resource, ...(body !== undefined && { body }) });
  const { answer } = (await client.event("answer", count)) as unknown as { answer: Record<string, unknown> };
  expect(Object.keys(answer).slice(0, 4)).toEqual(["id", "request_id", "code", "body"]);
  return [answer["code"], answer["body"]];
}

/** A request as korv sends it. */
export const message = (value: unknown): Buffer => gzipSync(typeof value === "string" ? value : JSON.stringify(value));
/** Sends bytes of messages in one write. */
export const send = (client: Peer, ...parts: readonly Buffer[]): void =>
  client.do({ do: "send", base64: Buffer.concat(parts).toString("base64") });

/** Request id, code and body of the nth message. */
export async function received(client: Peer, count = 1) {
  const { answer } = (await client.event("message", count)) as unknown as { answer: Record<string, unknown> };
  return [answer["request_id"], answer["code"], answer["body"]];
}
