import { RpcError } from "../contract/rpc-error.js";

/** Adds the fields that stand in the path. The same field with another value in the body is a contradiction. */
export function withParams(request: unknown, params: Readonly<Record<string, unknown>> | undefined): unknown {
  if (params === undefined || typeof request !== "object" || request === null || Array.isArray(request)) return request;
  for (const [name, value] of Object.entries(params)) {
    const given = Object.hasOwn(request, name) ? (request as Record<string, unknown>)[name] : undefined;
    if (given !== undefined && given !== value) {
      throw new RpcError(
        "BAD_REQUEST",
        `${name} is ${excerpt(value)} in the path and ${excerpt(given)} in the request`,
      );
    }
  }
  return { ...request, ...params };
}

/** A value for a message: cut, so that a short call cannot ask for a long answer. */
function excerpt(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
