/** What a schema keeps of a value. `any` keeps all of it and `scalar` the same, of values that have no parts: neither declares anything. */
export type ProjectionNode =
  | "any"
  | "scalar"
  | { readonly kind: "ref"; readonly type: string }
  | ObjectNode
  | { readonly kind: "array"; readonly items: ProjectionNode }
  | { readonly kind: "tuple"; readonly items: readonly ProjectionNode[]; readonly rest: ProjectionNode }
  | { readonly kind: "types"; readonly object?: ProjectionNode; readonly array?: ProjectionNode }
  | { readonly kind: "tagged"; readonly tag: string; readonly cases: readonly (readonly [unknown, ProjectionNode])[] }
  /** Branches, each with the name of its validator. */
  | { readonly kind: "union"; readonly branches: readonly (readonly [string, ProjectionNode])[] }
  | { readonly kind: "all"; readonly parts: readonly ProjectionNode[]; readonly rest?: ProjectionNode }
  | {
      readonly kind: "when";
      readonly condition: string;
      readonly matching: ProjectionNode;
      readonly others: ProjectionNode;
    }
  | { readonly kind: "having"; readonly name: string; readonly part: ProjectionNode };

/** Properties by name, by pattern, and all others; without `rest` the others are dropped. */
export interface ObjectNode {
  readonly kind: "object";
  readonly properties: ReadonlyMap<string, ProjectionNode>;
  readonly patterns: readonly (readonly [string, ProjectionNode])[];
  readonly rest?: ProjectionNode;
}

/** Keeps no property. */
export const NOTHING: ObjectNode = { kind: "object", properties: new Map(), patterns: [] };

/** Whether a node declares no part of a value. */
export function isNeutral(node: ProjectionNode): node is "any" | "scalar" {
  return typeof node === "string";
}

/** The node of a value to which several apply: what one of them declares is kept. */
export function combine(nodes: readonly ProjectionNode[], rest?: ProjectionNode): ProjectionNode {
  const parts = nodes.filter((node) => !isNeutral(node));
  const [first = nodes[0] ?? NOTHING, ...others] = parts;
  if (rest !== undefined) return { kind: "all", parts: parts.length === 0 ? [NOTHING] : parts, rest };
  if (others.length === 0) return first;
  return parts.every(isFixed) ? mergeObjects(parts) : { kind: "all", parts };
}

/** Whether a node is an object of properties that have names. */
export function isFixed(node: ProjectionNode): node is ObjectNode {
  return !isNeutral(node) && node.kind === "object" && node.patterns.length === 0 && node.rest === undefined;
}

function mergeObjects(objects: readonly ObjectNode[]): ObjectNode {
  const names = new Set(objects.flatMap(({ properties }) => [...properties.keys()]));
  const merged = [...names].map((name): [string, ProjectionNode] => [
    name,
    combine(objects.flatMap(({ properties }) => properties.get(name) ?? [])),
  ]);
  return { ...NOTHING, properties: new Map(merged) };
}

/** Whether every value stays as it is. */
export function keepsAll(node: ProjectionNode): boolean {
  if (isNeutral(node)) return true;
  switch (node.kind) {
    case "object": {
      const parts = [...node.properties.values(), ...node.patterns.map(([, part]) => part)];
      return node.rest !== undefined && [node.rest, ...parts].every(keepsAll);
    }
    case "array":
      return keepsAll(node.items);
    case "tuple":
      return [node.rest, ...node.items].every(keepsAll);
    case "types":
      return keepsAll(node.object ?? "any") && keepsAll(node.array ?? "any");
    case "all":
      return node.parts.every(keepsAll);
    case "union":
      return node.branches.every(([, branch]) => keepsAll(branch));
    case "tagged":
      return node.cases.every(([, part]) => keepsAll(part));
    default:
      return false;
  }
}
