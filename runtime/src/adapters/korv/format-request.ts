import type { Method } from "../../contract/method.js";
import { parsePath } from "../../contract/path.js";

/**
 * The JSON text that asks a korv server for a method. What the path names stands in the path; the rest of the request is
 * the body, or null where a GET or DELETE has nothing to say, as korv's own client writes it.
 * @param resource gives the server's name of the resource, from its path
 */
export function formatRequest(
  id: number,
  { verb, path }: Method,
  request: unknown,
  resource: (path: string) => string,
): string {
  const rest: Record<string, unknown> = { ...(request as object) };
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
    resource: resource(`/${parts.join("/")}`),
    body: hasBody || Object.keys(rest).length > 0 ? rest : null,
    // korv looks for the body of these in the wrong place, and complains where it finds nothing there.
    ...(hasBody && { request: { body: null } }),
  });
}
