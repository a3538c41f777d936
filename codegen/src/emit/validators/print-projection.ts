import { keepsAll, NOTHING, type ObjectNode, type ProjectionNode } from "./projection-node.js";

const WIDTH = 120;

/** Prints a projection as an expression of the functions of `project` from `sshrpc/generated`. */
export class ProjectionPrinter {
  readonly #used = new Set<string>();
  readonly #validatorOf: (type: string) => string;

  /** @param validatorOf the name of the validator of a named type, which has its projection */
  constructor(validatorOf: (type: string) => string) {
    this.#validatorOf = validatorOf;
  }

  /** The functions that the printed expressions call, sorted. */
  get used(): readonly string[] {
    return [...this.#used].sort();
  }

  /** The statement that gives a validator its projection. */
  printLater(validator: string, node: ProjectionNode): string {
    return this.#call("later", validator, `() => ${this.print(node)}`);
  }

  print(node: ProjectionNode, indent = 0): string {
    if (node === NOTHING) return this.#use("nothing");
    if (node === "scalar") return this.#use("scalar");
    if ((keepsAll(node) && !isList(node)) || node === "any") return this.#use("any");
    const inner = (sub: ProjectionNode): string => this.print(sub, indent + 2);
    const list = (parts: readonly string[]): string => layout("[", parts, "]", indent);
    switch (node.kind) {
      case "ref":
        return this.#call("ref", `() => ${this.#validatorOf(node.type)}`);
      case "object":
        return this.#object(node, indent);
      case "array":
        return this.#call("array", this.print(node.items, indent));
      case "tuple":
        return this.#call("tuple", list(node.items.map(inner)), inner(node.rest));
      case "types": {
        const { object, array } = node;
        const entries = [object && `object: ${inner(object)}`, array && `array: ${inner(array)}`];
        return this.#call(
          "types",
          layout(
            "{ ",
            entries.filter((entry) => entry !== undefined),
            " }",
            indent,
          ),
        );
      }
      case "tagged": {
        const cases = node.cases.map(([value, part]) => `[${JSON.stringify(value)}, ${inner(part)}]`);
        return this.#call("tagged", JSON.stringify(node.tag), list(cases));
      }
      case "union":
        return this.#call("union", list(node.branches.map(([name, part]) => `[${name}, ${inner(part)}]`)));
      case "all":
        return this.#call("all", list(node.parts.map(inner)), ...(node.rest === undefined ? [] : [inner(node.rest)]));
      case "when":
        return this.#call("when", node.condition, inner(node.matching), inner(node.others));
      case "having":
        return this.#call("having", JSON.stringify(node.name), inner(node.part));
    }
  }

  #object({ properties, patterns, rest }: ObjectNode, indent: number): string {
    const inner = (sub: ProjectionNode): string => this.print(sub, indent + 2);
    const fields = [...properties].map(([name, part]) => `${propertyKey(name)}: ${inner(part)}`);
    const named = layout("{ ", fields, " }", indent);
    if (patterns.length === 0 && rest === undefined) return this.#call("object", named);
    const byPattern = patterns.map(
      ([pattern, part]) => `[new RegExp(${JSON.stringify(pattern)}, "u"), ${inner(part)}]`,
    );
    const others = [
      ...(patterns.length === 0 ? [] : [`patterns: ${layout("[", byPattern, "]", indent)}`]),
      ...(rest === undefined ? [] : [`rest: ${inner(rest)}`]),
    ];
    return this.#call("object", named, layout("{ ", others, " }", indent));
  }

  #call(name: string, ...parameters: readonly string[]): string {
    return `${this.#use(name)}(${parameters.join(", ")})`;
  }

  #use(name: string): string {
    this.#used.add(name);
    return name;
  }
}

/** Arrays of scalars are kept whole, too, but written faster than any value if they are short. */
function isList(node: ProjectionNode): boolean {
  return typeof node === "object" && node.kind === "array" && node.items === "scalar";
}

/** On one line if it fits, or with a line for each part. */
function layout(open: string, parts: readonly string[], close: string, indent: number): string {
  if (parts.length === 0) return open.trim() + close.trim();
  const line = `${open}${parts.join(", ")}${close}`;
  if (!line.includes("\n") && line.length + indent < WIDTH - 40) return line;
  const space = " ".repeat(indent);
  return `${open.trim()}\n${parts.map((part) => `${space}  ${part},\n`).join("")}${space}${close.trim()}`;
}

/** A literal `__proto__` would set the prototype. */
function propertyKey(name: string): string {
  if (name === "__proto__") return '["__proto__"]';
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
