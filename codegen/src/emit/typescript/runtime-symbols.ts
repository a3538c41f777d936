import { fileSpecifier, type ImportedSymbol } from "./text-file.js";

const RUNTIME = "sshrpc/generated";

/** A type of the runtime. It gets an alias if the schema has a type of the same name. */
export function runtimeType(name: string): ImportedSymbol {
  return { name, from: RUNTIME, type: true, alias: `Rpc${name}` };
}

/** A function of the runtime. */
export function runtimeValue(name: string): ImportedSymbol {
  return { name, from: RUNTIME, type: false, alias: `rpc_${name}` };
}

/** The contract bound to its validators, which `api.js` exports. */
export function apiSymbol(): ImportedSymbol {
  return { name: "api", from: fileSpecifier("api"), type: false, alias: "api_" };
}
