import type { JsonSchema } from "sshrpc/contract";
import type { SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import { compareNames } from "../compare-names.js";
import type { ProjectionBuilder } from "./build-projection.js";
import { keepsAll, type ProjectionNode } from "./projection-node.js";
import { validatorName } from "./validator-names.js";

interface Builder {
  readonly types: ReadonlyMap<string, JsonSchema>;
  readonly builder: ProjectionBuilder;
}

/** The projections of validators, by name, with those of the types that they refer to. Values that stay whole need none. */
export function buildProjections(
  validators: readonly (readonly [string, SchemaOrBoolean])[],
  { types, builder }: Builder,
): ReadonlyMap<string, ProjectionNode> {
  const nodes = new Map<string, ProjectionNode>();
  const pending = [...validators];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [name, schema] = next;
    if (nodes.has(name)) continue;
    const node = builder.of(schema);
    const target = isRef(node) ? types.get(node.type) : undefined;
    if (isRef(node) && target !== undefined && name === validatorName(node.type, "open")) {
      nodes.set(name, builder.of(target));
    } else nodes.set(name, node);
    for (const type of refsIn(nodes.get(name))) {
      const sub = types.get(type);
      if (sub !== undefined) pending.push([validatorName(type, "open"), sub]);
    }
  }
  const kept = [...nodes].filter(([, node]) => !keepsAll(node));
  return new Map(kept.sort(([a], [b]) => compareNames(a, b)));
}

function isRef(node: ProjectionNode): node is Extract<ProjectionNode, { readonly kind: "ref" }> {
  return typeof node === "object" && node.kind === "ref";
}

function refsIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  if (value instanceof Map) return [...value.values()].flatMap(refsIn);
  const { kind, type } = value as { readonly kind?: unknown; readonly type?: unknown };
  return kind === "ref" ? [String(type)] : Object.values(value).flatMap(refsIn);
}
