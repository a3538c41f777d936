import { RpcError } from "../../contract/rpc-error.js";
import { excerpt } from "./excerpt.js";

/** Adds the fields that stand in the path. The same field with another value in the body is a contradiction. */
export function withParams(request: unknown, params: Readonly<Record<string, unknown>> | undefined): unknown {
  if (params === undefined || typeof request !== "object" || request === null || Array.isArray(request)) return request;
  for (const [name, value] of Object.entries(params)) {
    const given = Object.hasOwn(request, name) ? (request as Record<string, unknown>)[name] : undefined;
    if (given !== undefined && given !== value) {
      const [inPath, inRequest] = [excerpt(JSON.stringify(value)), excerpt(JSON.stringify(given))];
      throw new RpcError("BAD_REQUEST", `${name} is ${inPath} in the path and ${inRequest} in the request`);
    }
  }
  return { ...request, ...params };
}
