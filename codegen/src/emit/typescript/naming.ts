import type { NamingRules } from "../../model/names.js";
import { isIdentifier } from "./type/literal.js";

/** What `client.ts` calls the handlers of all callbacks together. */
export const CALLBACK_HANDLERS = "CallbackHandlers";

/** Members that every generated client has, or that JavaScript looks up on every object. */
const RESERVED_MEMBERS = new Set([
  "close",
  "then",
  "catch",
  "finally",
  "constructor",
  "prototype",
  "__proto__",
  "toString",
  "valueOf",
  "toJSON",
  "ssh",
  "state",
  "on",
]);

/** ECMAScript's reserved words, and the names of TypeScript's built-in types. */
const RESERVED_TYPES = new Set(
  (
    "await break case catch class const continue debugger default delete do else enum export extends false finally for " +
    "function if implements import in instanceof interface let new null package private protected public return static " +
    "super switch this throw true try typeof var void while with yield any bigint boolean never number object string " +
    "symbol undefined unknown"
  ).split(" "),
);

/** The names of the types that are generated for the errors of a method, given the method's type name. */
export function errorTypeNames(typeName: string): { readonly details: string; readonly union: string } {
  return { details: `${typeName}Errors`, union: `${typeName}Error` };
}

/** The names that generated TypeScript cannot have. */
export const typescriptNaming: NamingRules = {
  isIdentifier,
  refuseType: (name) => (RESERVED_TYPES.has(name) ? "is a reserved word of TypeScript" : undefined),
  refuseResource: (name) =>
    RESERVED_MEMBERS.has(name) ? "is a member of every client or of every JavaScript object" : undefined,
  // Its handlers' interface would have the name of the interface for the handlers of all callbacks.
  refuseCallback: (name) =>
    name === "callback" ? `is reserved: generated code declares ${CALLBACK_HANDLERS}` : undefined,
  errorTypes: (typeName) => Object.values(errorTypeNames(typeName)),
};
