import type { MethodModel, ResourceModel } from "../../model/api-model.js";
import { LINE_WIDTH } from "../target.js";
import { printComment } from "./type/layout.js";

/** The name of a method in generated code: `get` for `GET`. */
export function methodName({ verb }: MethodModel): string {
  return verb.toLowerCase();
}

/** The comment of a method: its description and its `@deprecated` tag. */
export function methodComment({ description, deprecated }: MethodModel): string {
  if (deprecated === undefined || deprecated === false) return description ?? "";
  const tag = deprecated === true ? "@deprecated" : `@deprecated ${deprecated}`;
  return description === undefined ? tag : `${description}\n\n${tag}`;
}

/** The indentation of a member, and the text after its type. */
interface MemberPlace {
  readonly indent: number;
  readonly after: string;
}

/** A read-only member with a generic type: on one line, or with one line for each type argument. */
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

/** The members of an interface with one member for each resource. */
export function resourceMembers(resources: readonly ResourceModel[], suffix: string): string {
  return resources
    .map(
      ({ name, typeName, description }) =>
        `${printComment(description ?? "", 2)}  readonly ${name}: ${typeName}${suffix};\n`,
    )
    .join("");
}

/** The head of a function declaration: on one line, or with one line for each parameter. */
export function signature(head: string, params: readonly string[], result: string): string {
  const line = `${head}(${params.join(", ")}): ${result} {\n`;
  return line.length <= LINE_WIDTH + 1
    ? line
    : `${head}(\n${params.map((param) => `  ${param},\n`).join("")}): ${result} {\n`;
}
