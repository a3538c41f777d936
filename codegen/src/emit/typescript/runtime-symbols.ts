import type { ImportedSymbol } from "./text-file.js";

const RUNTIME = "sshrpc/generated";

/** A type of the runtime. Where a schema has a type of that name, the runtime's is the one to step aside. */
export function runtimeType(name: string): ImportedSymbol {
  return { name, from: RUNTIME, type: true, alias: `Rpc${name}` };
}

/** A function of the runtime. */
export function runtimeValue(name: string): ImportedSymbol {
  return { name, from: RUNTIME, type: false, alias: `rpc_${name}` };
}

/** The bound contract, which `api.ts` exports. */
export function apiSymbol(extension: string): ImportedSymbol {
  return { name: "api", from: `./api${extension}`, type: false, alias: "api_" };
}
