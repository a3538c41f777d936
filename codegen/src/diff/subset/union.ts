import { type Alternative, type Arrays, asOpen, type Objects, type Term } from "./alternative.js";

/** Members of a union in a split schema: a request may have what any member declares that it matches. */
export function asPartOfUnion(all: readonly Alternative[]): readonly Alternative[] {
  const objects = all.filter((one) => one.kind === "object");
  const declared = new Set(objects.flatMap(({ properties }) => [...properties.keys()]));
  const isOpen = objects.some(({ patterns, decided }) => patterns.length > 0 || decided);
  return all.map((one) => {
    if (one.kind !== "object") return one;
    const missing = [...declared].filter((name) => !one.properties.has(name)).map((name) => [name, one.rest] as const);
    return { ...one, properties: new Map([...one.properties, ...missing]), decided: one.decided || isOpen };
  });
}

/** Members of a union as a server sends their values: with what other members declare that the value matches, too. */
export function asSentInUnion(
  all: readonly Alternative[],
  areDisjoint: (one: Alternative, other: Alternative) => boolean,
): readonly Alternative[] {
  return all.map((one) => {
    if (one.kind === "object") {
      const others = all.filter((other) => other !== one && other.kind === "object" && !areDisjoint(one, other));
      return others.length === 0 ? one : withOthers(one, others as readonly Objects[]);
    }
    const isArray = one.kind === "array" && all.filter(({ kind }) => kind === "array").length > 1;
    return isArray ? openArray(one) : one;
  });
}

function openArray(one: Arrays): Arrays {
  return { ...one, first: one.first.map(asOpen), rest: asOpen(one.rest) };
}

function withOthers(one: Objects, others: readonly Objects[]): Objects {
  const isOpen = others.some(({ patterns, decided }) => patterns.length > 0 || decided);
  const names = new Set(others.flatMap(({ properties }) => [...properties.keys()]));
  const own = [...one.properties].map(
    ([name, term]) => [name, isOpen || one.patterns.length > 0 || names.has(name) ? asOpen(term) : term] as const,
  );
  const missing = [...names].filter((name) => !one.properties.has(name));
  const added = missing.map((name) => [name, declaredIn(others, name)] as const);
  const rest = isClosed(one) ? [] : asOpen(one.rest);
  return {
    ...one,
    properties: new Map([...own, ...added]),
    patterns: one.patterns.map(([pattern, term]) => [pattern, asOpen(term)] as const),
    rest: isOpen ? rest : one.rest,
    decided: one.decided || isOpen,
  };
}

/** What the members declare that have the property: the value matches one of them. */
function declaredIn(others: readonly Objects[], name: string): Term {
  const terms = others.flatMap(({ properties }) => [properties.get(name) ?? []]).filter((term) => term.length > 0);
  const [only, ...more] = terms;
  const isAlone = others.filter(({ properties }) => properties.has(name)).length === 1;
  return only !== undefined && more.length === 0 && isAlone ? asOpen(only) : [];
}

function isClosed({ rest }: Objects): boolean {
  return rest.some(({ schema }) => schema === false);
}
