import type { MethodModel, ResourceModel } from "../../model/api-model.js";
import { LINE_WIDTH } from "../target.js";
import { resourceComment } from "./method-comment.js";
import { printComment } from "./type/layout.js";

/** The name of a method in generated code: `get` for `GET`. */
export function methodName({ verb }: MethodModel): string {
  return verb.toLowerCase();
}

/** A read-only member with a generic type: on one line, or with one line for each type argument. */
export function genericMember(
  comment: string,
  name: string,
  applied: { readonly type: string; readonly args: readonly string[] },
): string {
  const { type, args } = applied;
  const line = `  readonly ${name}: ${type}<${args.join(", ")}>;\n`;
  const text =
    line.length <= LINE_WIDTH + 1
      ? line
      : `  readonly ${name}: ${type}<\n${args.map((arg) => `    ${arg}`).join(",\n")}\n  >;\n`;
  return printComment(comment, 2) + text;
}

/** The members of an interface with one member for each resource. */
export function resourceMembers(resources: readonly ResourceModel[], suffix: string): string {
  return resources
    .map(
      (resource) =>
        `${printComment(resourceComment(resource), 2)}  readonly ${resource.name}: ${resource.typeName}${suffix};\n`,
    )
    .join("");
}

/** The declaration of an exported function: on one line, or with one line for each parameter. */
export function functionDeclaration(name: string, params: readonly string[], result: string): string {
  const head = `export declare function ${name}`;
  const line = `${head}(${params.join(", ")}): ${result};\n`;
  return line.length <= LINE_WIDTH + 1
    ? line
    : `${head}(\n${params.map((param) => `  ${param},\n`).join("")}): ${result};\n`;
}
