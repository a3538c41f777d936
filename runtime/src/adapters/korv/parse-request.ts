import { RpcError } from "../../contract/rpc-error.js";
import { isVerb } from "../../contract/verb.js";
import { parsePythonJson } from "./python-json.js";

/** What a korv client asks. */
export interface Request {
  readonly id: RequestId;
  /** What is asked for, as the router knows it: `GET /notes/42`. */
  readonly reference: string;
  readonly body: unknown;
}

/** What the answer names its request by: korv's client sends the time of day, others may send what they like. */
export type RequestId = number | string;

/** What is wrong with a request. */
export interface Refusal {
  /** 0 where the request has no id that an answer could name. */
  readonly id: RequestId;
  readonly error: RpcError;
}

/** Characters of an id, which comes back with the smallest answer. */
const MAX_ID = 256;

/** Reads one request, or says the first thing that is wrong with it. */
export function parseRequest(message: Buffer): Request | Refusal {
  let fields: unknown;
  try {
    fields = parsePythonJson(message);
  } catch (error) {
    return { id: 0, error: error as RpcError };
  }
  if (!isObject(fields)) return refusal(0, "the request is no object");
  if (!("id" in fields)) return refusal(0, "Missing 'id'");
  const { id, verb, resource, body } = fields;
  if (!isId(id))
    return refusal(0, `'id' must be a number that a double holds, or a text of at most ${MAX_ID} characters`);
  if (!("verb" in fields)) return refusal(id, "Missing 'verb'");
  if (!("resource" in fields)) return refusal(id, "Missing 'resource'");
  if (typeof verb !== "string" || typeof resource !== "string")
    return refusal(id, "'verb' and 'resource' must be texts");
  if (!isVerb(verb)) return { id, error: new RpcError("METHOD_NOT_ALLOWED") };
  if ((verb === "STORE" || verb === "UPDATE") && !("body" in fields)) return refusal(id, "Missing 'body'");
  const path = resource.startsWith("/") ? resource : `/${resource}`;
  return { id, reference: `${verb} ${path}`, body: body ?? {} };
}

function refusal(id: RequestId, message: string): Refusal {
  return { id, error: new RpcError("BAD_REQUEST", message) };
}

/**
 * An integer beyond these has lost digits on its way through a double, and would come back as another number; one that no
 * double holds would come back as null.
 */
function isId(id: unknown): id is RequestId {
  if (typeof id === "string") return id.length <= MAX_ID;
  return Number.isFinite(id) && (!Number.isInteger(id) || Number.isSafeInteger(id));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
