/** `foo-bar`, `foo_bar` and `fooBar` give `fooBar`. Letters of every script count as letters. */
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

/** The names that a target accepts. A reason completes the sentence "the name … ". */
export interface NamingRules {
  /** Whether a type or a member can have this name. */
  isIdentifier(name: string): boolean;
  /** Why an exported schema cannot have this name; undefined if it can. */
  refuseType(name: string): string | undefined;
  /** Why a resource cannot have this name; undefined if it can. */
  refuseResource(name: string): string | undefined;
  /** Why a callback cannot have this name; undefined if it can. */
  refuseCallback(name: string): string | undefined;
  /** The types that the target declares for a method with errors, given the method's type name. */
  errorTypes(typeName: string): readonly string[];
}

/** The combined rules of several targets: a name must satisfy all of them. */
export function combineRules(rules: readonly NamingRules[]): NamingRules {
  const first = (refuse: (one: NamingRules) => string | undefined): string | undefined =>
    rules.map(refuse).find((reason) => reason !== undefined);
  return {
    isIdentifier: (name) => rules.every((one) => one.isIdentifier(name)),
    refuseType: (name) => first((one) => one.refuseType(name)),
    refuseResource: (name) => first((one) => one.refuseResource(name)),
    refuseCallback: (name) => first((one) => one.refuseCallback(name)),
    errorTypes: (typeName) => rules.flatMap((one) => one.errorTypes(typeName)),
  };
}
