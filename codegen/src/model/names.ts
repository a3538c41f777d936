/** `foo-bar`, `foo_bar` and `fooBar` give `fooBar`. Letters are those of any script that an identifier may have. */
export function camelCase(text: string): string {
  const pascal = pascalCase(text);
  const capitals = /^\p{Lu}+(?!\p{Ll})/u.exec(pascal)?.[0] ?? pascal.slice(0, 1);
  return capitals.toLowerCase() + pascal.slice(capitals.length);
}

/** `foo-bar`, `foo_bar` and `fooBar` give `FooBar`. */
export function pascalCase(text: string): string {
  return text
    .split(/[^\p{L}\p{N}$]+/u)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");
}

/** `NOT_FOUND` gives `NotFound`. */
export function pascalStatus(status: string): string {
  return pascalCase(status.toLowerCase());
}

/** Whether generated code can declare `text`. */
export function isIdentifier(text: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(text);
}

/** Members that every generated client has, or that JavaScript looks for on every object. */
const RESERVED_RESOURCES = new Set([
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

/** Whether no resource may have this name. */
export function isReservedResource(name: string): boolean {
  return RESERVED_RESOURCES.has(name);
}

/** ECMAScript's reserved words, and the names that TypeScript keeps for types. */
const RESERVED_TYPES = new Set(
  (
    "await break case catch class const continue debugger default delete do else enum export extends false finally for " +
    "function if implements import in instanceof interface let new null package private protected public return static " +
    "super switch this throw true try typeof var void while with yield any bigint boolean never number object string " +
    "symbol undefined unknown"
  ).split(" "),
);

/** Whether no exported schema may have this name. */
export function isReservedType(name: string): boolean {
  return RESERVED_TYPES.has(name);
}
