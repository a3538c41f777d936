import equalModule from "ajv/dist/runtime/equal.js";
import ucs2lengthModule from "ajv/dist/runtime/ucs2length.js";
import formatsModule from "ajv-formats/dist/formats.js";

// What generated validators call: small parts of ajv, which load no compiler.

/** Deep equality of JSON values, for `const`, `enum` and `uniqueItems`. */
export const equal = defaultOf<(a: unknown, b: unknown) => boolean>(equalModule);

/** The length of a text in code points, for `minLength` and `maxLength` (JSON Schema counts characters so). */
export const ucs2length = defaultOf<(text: string) => number>(ucs2lengthModule);

/** The checks of `format`, by its name. */
export const formats: typeof formatsModule.fullFormats = formatsModule.fullFormats;

/** Of a CommonJS module that says `exports.default`, Node imports all exports, and bundlers import that one. */
function defaultOf<Value>(module: unknown): Value {
  return typeof module === "function" ? (module as Value) : (module as { readonly default: Value }).default;
}
