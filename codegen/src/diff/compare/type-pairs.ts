import type { JsonSchema, MethodContract, StreamContract } from "sshrpc/contract";
import type { Direction } from "../rules/change.js";

/** A type that both contracts use at one place of one method. */
export interface TypePair {
  readonly method: string;
  readonly isCallback: boolean;
  readonly direction: Exclude<Direction, "method">;
  readonly status?: string;
  readonly old: JsonSchema;
  readonly new: JsonSchema;
}

/** The types that both versions of a method have. */
export function typePairs(
  method: Pick<TypePair, "method" | "isCallback">,
  old: MethodContract,
  next: MethodContract,
): readonly TypePair[] {
  const pair = (
    direction: TypePair["direction"],
    before: StreamContract | undefined,
    after: StreamContract | undefined,
    status?: string,
  ): readonly TypePair[] =>
    typeof before === "object" && typeof after === "object"
      ? [{ ...method, direction, ...(status === undefined ? {} : { status }), old: before, new: after }]
      : [];
  const errors = Object.entries(old.errors ?? {}).flatMap(([status, details]) =>
    pair("error details", details, next.errors?.[status as keyof typeof next.errors], status),
  );
  return [
    ...pair("request", old.request, next.request),
    ...pair("request item", old.requestStream, next.requestStream),
    ...pair("response item", old.responseStream, next.responseStream),
    ...pair("response", old.response, next.response),
    ...errors,
  ];
}
