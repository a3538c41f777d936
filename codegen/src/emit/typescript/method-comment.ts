import { isIdempotent } from "sshrpc/contract";
import type { ErrorUse, MethodModel, ResourceModel } from "../../model/api-model.js";
import { refName } from "../../model/schema/schema-walk.js";
import { code, descriptionOf } from "./type/comment-of.js";
import { isInline } from "./type-use.js";

/** The comment of a method, in the form of TSDoc: description, scope and limits, declared errors, version, deprecation; empty for none. */
export function methodComment(method: MethodModel): string {
  const errors = method.errors.map(errorLine).join("\n");
  return paragraphs([method.description, remarksOf(method), errors, ...lifeOf(method)]);
}

/** The comment of a resource; empty for none. */
export function resourceComment(resource: ResourceModel): string {
  return paragraphs([resource.description, ...lifeOf(resource)]);
}

/** The comment of a method's signature, which editors show while its arguments are typed. */
export function signatureComment(method: MethodModel): string {
  return paragraphs([method.description, ...lifeOf(method)]);
}

/** The first words are those of `help`. */
function remarksOf({ scope, timeout, verb, idempotent, onInterrupt }: MethodModel): string {
  const sentences = [
    ...(scope === undefined ? [] : [`Requires the scope ${code(scope)}.`]),
    ...(timeout === undefined ? [] : [`The timeout is ${timeout} ms.`]),
    ...(idempotent === isIdempotent(verb) ? [] : [idempotent ? "Idempotent." : "Not idempotent."]),
    ...(onInterrupt === undefined ? [] : ["Runs again after an interruption."]),
  ];
  return sentences.length === 0 ? "" : `@remarks ${sentences.join(" ")}`;
}

/** A declared error with the first line of its description, or else the name of its details. */
function errorLine(error: ErrorUse): string {
  const [line = ""] = descriptionOf(error.schema).split("\n");
  if (line !== "" && !line.startsWith("@")) return `@throws ${error.status}: ${line}`;
  const name = refName(error.schema) ?? (isInline(error.schema) ? undefined : error.name);
  return `@throws ${error.status}${name === undefined ? "" : ` with ${name}`}`;
}

/** Since when something exists, and whether it still should be used. */
function lifeOf({ since, deprecated }: MethodModel | ResourceModel): readonly string[] {
  return [
    ...(since === undefined ? [] : [`@since ${since}`]),
    ...(deprecated === undefined || deprecated === false
      ? []
      : [`@deprecated ${deprecated === true ? "" : deprecated}`.trimEnd()]),
  ];
}

function paragraphs(blocks: readonly (string | undefined)[]): string {
  return blocks.filter((block) => block !== undefined && block !== "").join("\n\n");
}
