import type { Method } from "../../contract/method.js";
import { parsePath } from "../../contract/path.js";
import { isJsonObject } from "./python-json.js";

/** The call that a request is formatted from. */
interface OutgoingRequest {
  readonly id: number;
  readonly method: Method;
  readonly request: unknown;
  /** Maps a path to the server's name of the resource. */
  readonly mapPath: (path: string) => string;
}

/**
 * The JSON text of a request to a korv server. The path holds the fields that it names; the other fields are the body. As in
 * korv's own client, the body of a GET or DELETE without other fields is null. A request that is not an object has no
 * fields, and is itself the body.
 */
export function formatRequest({ id, method: { verb, path }, request, mapPath }: OutgoingRequest): string {
  const hasFields = isJsonObject(request);
  const rest: Record<string, unknown> = hasFields ? { ...request } : {};
  const parts = parsePath(path).map((segment) => {
    if ("text" in segment) return segment.text;
    const value = rest[segment.param];
    delete rest[segment.param];
    return encodeURIComponent(String(value));
  });
  const hasBody = verb === "STORE" || verb === "UPDATE";
  return JSON.stringify({
    id,
    verb,
    resource: mapPath(`/${parts.join("/")}`),
    body: !hasFields ? request : hasBody || Object.keys(rest).length > 0 ? rest : null,
    // korv looks for the body of STORE and UPDATE here, and answers with an error where it is absent.
    ...(hasBody && { request: { body: null } }),
  });
}
