import { RpcError } from "../../contract/rpc-error.js";
import { isVerb } from "../../contract/verb.js";
import { isJsonObject, parsePythonJson } from "./python-json.js";

/** A request of a korv client. */
export interface KorvRequest {
  readonly id: RequestId;
  /** As the router takes it: `GET /notes/42`. */
  readonly reference: string;
  readonly body: unknown;
}

/** The id that a response repeats. korv's client sends the time in seconds; other clients may send any text. */
export type RequestId = number | string;

/** A malformed request. */
interface InvalidRequest {
  /** 0 where the request has no valid id. */
  readonly id: RequestId;
  readonly error: RpcError;
}

/** Characters of an id, so that the smallest response has room for it. */
const MAX_ID = 256;

/** Parses a request, or returns its first error. */
export function parseRequest(message: Buffer): KorvRequest | InvalidRequest {
  let fields: unknown;
  try {
    fields = parsePythonJson(message);
  } catch (error) {
    return { id: idOfForbidden(message), error: error as RpcError };
  }
  if (!isJsonObject(fields)) return invalid(0, "invalid request: not a JSON object");
  if (!("id" in fields)) return invalid(0, "Missing 'id'");
  const { id, verb, resource, body } = fields;
  if (!isId(id)) {
    return invalid(0, `'id' must be a number that a double represents, or a string of at most ${MAX_ID} characters`);
  }
  if (!("verb" in fields)) return invalid(id, "Missing 'verb'");
  if (!("resource" in fields)) return invalid(id, "Missing 'resource'");
  if (typeof verb !== "string" || typeof resource !== "string") {
    return invalid(id, "'verb' and 'resource' must be strings");
  }
  if (!isVerb(verb)) return { id, error: new RpcError("METHOD_NOT_ALLOWED") };
  if ((verb === "STORE" || verb === "UPDATE") && !("body" in fields)) return invalid(id, "Missing 'body'");
  const path = resource.startsWith("/") ? resource : `/${resource}`;
  return { id, reference: `${verb} ${path}`, body: body ?? {} };
}

/** The id of a request that is valid JSON except for a forbidden key: its caller waits for the response. 0 for none. */
function idOfForbidden(message: Buffer): RequestId {
  try {
    const { id } = JSON.parse(message.toString()) as { readonly id?: unknown };
    return isId(id) ? id : 0;
  } catch {
    return 0;
  }
}

function invalid(id: RequestId, message: string): InvalidRequest {
  return { id, error: new RpcError("BAD_REQUEST", message) };
}

/** Numbers that a double cannot represent are invalid: the response would repeat another number, or null. */
function isId(id: unknown): id is RequestId {
  if (typeof id === "string") return id.length <= MAX_ID;
  return Number.isFinite(id) && (!Number.isInteger(id) || Number.isSafeInteger(id));
}
