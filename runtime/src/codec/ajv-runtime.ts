import equalModule from "ajv/dist/runtime/equal.js";
import ucs2lengthModule from "ajv/dist/runtime/ucs2length.js";
import formatsModule from "ajv-formats/dist/formats.js";

// The helpers that generated validators call: small parts of ajv, without its compiler.

/** Deep equality of JSON values, for `const`, `enum` and `uniqueItems`. */
export const equal = defaultOf<(a: unknown, b: unknown) => boolean>(equalModule);

/** The length of a string in code points, as JSON Schema defines `minLength` and `maxLength`. */
export const ucs2length = defaultOf<(text: string) => number>(ucs2lengthModule);

/** The checks of `format`, by name. */
export const formats: typeof formatsModule.fullFormats = formatsModule.fullFormats;

/** Node imports a CommonJS module with `exports.default` as all its exports, bundlers as that one. */
function defaultOf<Value>(module: unknown): Value {
  return typeof module === "function" ? (module as Value) : (module as { readonly default: Value }).default;
}
