import equalModule from "ajv/dist/runtime/equal.js";
import ucs2lengthModule from "ajv/dist/runtime/ucs2length.js";
import formatsModule from "ajv-formats/dist/formats.js";

// What generated validators call: small parts of ajv, which load no compiler.

/** Deep equality of JSON values, for `const`, `enum` and `uniqueItems`. */
export const equal = equalModule.default as unknown as (a: unknown, b: unknown) => boolean;

/** The length of a text in code points, for `minLength` and `maxLength` (JSON Schema counts characters so). */
export const ucs2length: (text: string) => number = ucs2lengthModule.default;

/** The checks of `format`, by its name. */
export const formats: typeof formatsModule.fullFormats = formatsModule.fullFormats;
