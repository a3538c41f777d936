import type { MethodModel, ResourceModel } from "../model/api-model.js";
import { LINE_WIDTH, printComment } from "./layout.js";

/** The comment of a method, with its reason for being deprecated. */
export function methodComment({ description, deprecated }: MethodModel): string {
  if (deprecated === undefined || deprecated === false) return description ?? "";
  const tag = deprecated === true ? "@deprecated" : `@deprecated ${deprecated}`;
  return description === undefined ? tag : `${description}\n\n${tag}`;
}

/** A read-only member whose type takes arguments: on one line, or each argument on its own. */
export function genericMember(comment: string, name: string, type: string, args: readonly string[]): string {
  const line = `  readonly ${name}: ${type}<${args.join(", ")}>;\n`;
  const text =
    line.length <= LINE_WIDTH + 1 ? line : `  readonly ${name}: ${type}<\n    ${args.join(",\n    ")}\n  >;\n`;
  return printComment(comment, 2) + text;
}

/** The interface that has one member for each resource. */
export function resourceMembers(resources: readonly ResourceModel[], suffix: string): string {
  return resources
    .map(
      ({ name, typeName, description }) =>
        `${printComment(description ?? "", 2)}  readonly ${name}: ${typeName}${suffix};\n`,
    )
    .join("");
}

/** A function declaration's first line, or one line for each parameter where it would be too long. */
export function signature(head: string, params: readonly string[], result: string): string {
  const line = `${head}(${params.join(", ")}): ${result} {\n`;
  return line.length <= LINE_WIDTH + 1
    ? line
    : `${head}(\n${params.map((param) => `  ${param},\n`).join("")}): ${result} {\n`;
}
