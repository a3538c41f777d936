import type { Contract } from "sshrpc/contract";
import type { Api, ApiHandlers, Method, Validator } from "sshrpc/generated";
import { RpcError } from "sshrpc/server";
import { ApiServer } from "../../../../runtime/src/server/api-server.js";
import type { ApiServerOptions } from "../../../../runtime/src/server/api-server-options.js";
import { type AnyHandler, method, only, TestLog } from "../support/server.js";

const hasText = only((value) => typeof (value as { text?: unknown }).text === "string");

const hasId: Validator = (request) => {
  const isInteger = Number.isInteger((request as { id?: unknown }).id);
  hasId.errors = isInteger ? null : [{ instancePath: "/id", keyword: "type", message: "must be integer", params: {} }];
  return isInteger;
};

/** A streaming method without a response. */
function streaming(id: string, more: Partial<Method>): Method {
  const { response: _, ...rest } = method(id, more);
  return rest;
}

/** Methods of every kind. */
const METHODS = [
  method("GET /notes", { resource: "notes", scope: "notes:read" }),
  method("STORE /notes", { resource: "notes", scope: "notes:write", request: hasText }),
  method("GET /notes/{id}", { resource: "note", params: { id: "integer" }, request: hasId }),
  method("GET /ticks", { resource: "ticks", kind: "server-streaming", responseItem: () => true }),
  method("STORE /sum", { resource: "sum", kind: "client-streaming", requestItem: () => true }),
  streaming("UPDATE /chat", {
    resource: "chat",
    kind: "bidirectional",
    requestItem: only((item) => typeof item !== "boolean"),
    responseItem: () => true,
  }),
  method("GET /files/{name}", {
    resource: "files",
    params: { name: "string" },
    kind: "server-streaming",
    responseItem: "bytes",
  }),
  method("STORE /files/{name}", {
    resource: "files",
    params: { name: "string" },
    kind: "client-streaming",
    requestItem: "bytes",
  }),
];

const integer = { type: "integer" };
const TAG = { type: "string", minLength: 1, maxLength: 40, pattern: "^[a-z]+$" };
const text = { type: "string", description: "What it says.\nMore of it." };

export const CONTRACT: Contract = {
  sshrpc: 1,
  name: "notes",
  version: "1.0.0",
  description: "Notes for tests.",
  hash: "00",
  types: {
    Note: { type: "object", properties: { id: integer, text }, required: ["id", "text"] },
    Tag: { type: "string", enum: ["red", "blue"] },
    Unused: { type: "null" },
  },
  resources: {
    notes: {
      path: "/notes",
      methods: {
        GET: {
          kind: "unary",
          idempotent: true,
          scope: "notes:read",
          description: "Lists notes.",
          request: {
            type: "object",
            properties: { limit: integer, tag: { $ref: "#/types/Tag" }, exact: { type: "boolean" } },
          },
          response: { type: "array", items: { $ref: "#/types/Note" } },
        },
        STORE: {
          kind: "unary",
          idempotent: false,
          scope: "notes:write",
          description: "Adds a note.",
          request: {
            type: "object",
            properties: {
              text,
              tags: { type: "array", items: TAG, maxItems: 20 },
              number: { type: ["string", "number"] },
              share: { type: "number", minimum: 0, exclusiveMaximum: 1, multipleOf: 0.25, default: 0.5 },
            },
            required: ["text"],
          },
          response: { $ref: "#/types/Note" },
        },
      },
    },
    note: {
      path: "/notes/{id}",
      methods: {
        GET: {
          kind: "unary",
          idempotent: true,
          description: "Reads a note.",
          request: { type: "object", properties: { id: integer }, required: ["id"] },
          response: { $ref: "#/types/Note" },
          errors: { NOT_FOUND: { type: "object" } },
        },
      },
    },
    ticks: {
      path: "/ticks",
      methods: {
        GET: {
          kind: "server-streaming",
          idempotent: true,
          description: "Counts.",
          request: { type: "object", properties: {} },
          responseStream: integer,
          response: integer,
        },
      },
    },
    files: {
      path: "/files/{name}",
      methods: {
        GET: {
          kind: "server-streaming",
          idempotent: true,
          request: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
          responseStream: "bytes",
          response: integer,
        },
      },
    },
  },
  callbacks: {},
};

/** The API of the tests of commands and shells. */
export const NOTES: Api = {
  name: "notes",
  version: "1.0.0",
  hash: "00",
  methods: METHODS,
  contract: async () => CONTRACT,
};

const unexpected: AnyHandler = (request) => request;

type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Handlers of {@link NOTES}: a method without one here returns its request. */
export function notesHandlers(handlers: Handlers = {}): ApiHandlers {
  const all = METHODS.map(({ id }) => [id, (handlers[id] as AnyHandler | undefined) ?? unexpected] as const);
  return { api: NOTES, handlers: new Map(all) };
}

/** Serves {@link notesHandlers}. */
export function serveNotes(
  handlers: Handlers = {},
  options: ApiServerOptions = {},
): { server: ApiServer; log: TestLog } {
  const log = new TestLog();
  return { server: new ApiServer(notesHandlers(handlers), { ...options, log }), log };
}

/** A handler that fails with NOT_FOUND. */
export function noSuchNote({ id }: { id: number }): never {
  throw new RpcError("NOT_FOUND", "no such note", { details: { id } });
}
