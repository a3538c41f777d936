import type { Contract, MethodContract, ResourceContract } from "../../contract/contract.js";
import type { Method } from "../../contract/method.js";

/** The part of a contract that some of its methods need: their resources, and the types that these refer to. */
export function partOfContract(
  contract: Contract,
  methods: readonly Method[],
  callbacks: Contract["callbacks"] = {},
): Pick<Contract, "resources" | "types"> {
  const resources = resourcesOf(methods, contract);
  const used = usedTypes([resources, callbacks], contract);
  const types = Object.fromEntries(Object.entries(contract.types).filter(([type]) => used.has(type)));
  return { resources, types };
}

function resourcesOf(methods: readonly Method[], contract: Contract): Record<string, ResourceContract> {
  const resources: Record<string, ResourceContract> = {};
  for (const { resource: name, verb } of methods) {
    const resource = contract.resources[name];
    const method = resource?.methods[verb];
    if (resource === undefined || method === undefined) continue;
    const others: Readonly<Record<string, MethodContract>> = resources[name]?.methods ?? {};
    resources[name] = { ...resource, methods: { ...others, [verb]: method } };
  }
  return resources;
}

/** The names of the types that schemas refer to, directly or through other types. */
function usedTypes(schemas: unknown, contract: Contract): ReadonlySet<string> {
  const used = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, content] of Object.entries(value)) {
      if (key !== "$ref" || typeof content !== "string") walk(content);
      else {
        const name = content.replace(/^#\/types\//, "");
        if (used.has(name)) continue;
        used.add(name);
        walk(contract.types[name]);
      }
    }
  };
  walk(schemas);
  return used;
}
