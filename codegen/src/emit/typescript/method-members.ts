import type { MethodModel, ResourceModel } from "../../model/api-model.js";
import { LINE_WIDTH, printComment } from "./layout.js";

/** The comment of a method, with its reason for being deprecated. */
export function methodComment({ description, deprecated }: MethodModel): string {
  if (deprecated === undefined || deprecated === false) return description ?? "";
  const tag = deprecated === true ? "@deprecated" : `@deprecated ${deprecated}`;
  return description === undefined ? tag : `${description}\n\n${tag}`;
}

/** Where a member stands, and what follows its type. */
interface MemberPlace {
  readonly indent: number;
  readonly after: string;
}

/** A read-only member whose type takes arguments: on one line, or each argument on its own. */
export function genericMember(
  comment: string,
  name: string,
  applied: { readonly type: string; readonly args: readonly string[] },
  { indent, after }: MemberPlace = { indent: 2, after: "" },
): string {
  const [pad, { type, args }] = [" ".repeat(indent), applied];
  const line = `${pad}readonly ${name}: ${type}<${args.join(", ")}>${after};\n`;
  const text =
    line.length <= LINE_WIDTH + 1
      ? line
      : `${pad}readonly ${name}: ${type}<\n${args.map((arg) => `${pad}  ${arg}`).join(",\n")}\n${pad}>${after};\n`;
  return printComment(comment, indent) + text;
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
