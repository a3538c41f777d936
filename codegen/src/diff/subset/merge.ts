import { accepts } from "./accepts.js";
import {
  type Alternative,
  type Arrays,
  asOpen,
  itemOf,
  type Limit,
  type Numbers,
  type Objects,
  propertyOf,
  type Strings,
  type Term,
  UNDECIDED,
} from "./alternative.js";

/** Values that both terms accept. */
type Both = (a: Term, b: Term) => Term;

/** The values that both alternatives accept; undefined for none. What it cannot express is marked as undecided. */
export function merge(a: Alternative, b: Alternative): Alternative | undefined {
  return mergeWith(a, b, both);
}

/** The same for values as a server sends them: parts that both declare have what either of them declares. */
export function mergeSent(a: Alternative, b: Alternative): Alternative | undefined {
  return mergeWith(a, b, (one, other) => {
    const isShared = one.length > 0 && other.length > 0;
    return isShared ? both(asOpen(one), asOpen(other)) : both(one, other);
  });
}

function mergeWith(a: Alternative, b: Alternative, together: Both): Alternative | undefined {
  const opaque = new Set([...a.opaque, ...b.opaque]);
  if (a.kind === "constant" || b.kind === "constant") {
    const [one, other] = a.kind === "constant" ? [a, b] : [b, a];
    const isAccepted = accepts(other, (one as { readonly value: unknown }).value);
    if (isAccepted === false) return undefined;
    return { ...one, opaque: isAccepted === undefined ? opaque.add(UNDECIDED) : opaque };
  }
  if (a.kind === "number" && b.kind === "number") return { ...mergeNumbers(a, b), opaque };
  if (a.kind === "string" && b.kind === "string") return { ...mergeStrings(a, b), opaque };
  if (a.kind === "array" && b.kind === "array") return { ...mergeArrays(a, b, together), opaque };
  if (a.kind === "object" && b.kind === "object") {
    if (!isExact(a, b) || !isExact(b, a)) opaque.add(UNDECIDED);
    return { ...mergeObjects(a, b, together), opaque };
  }
  return undefined;
}

function mergeNumbers(a: Numbers, b: Numbers): Numbers {
  return {
    ...a,
    integer: a.integer || b.integer,
    low: higher(a.low, b.low),
    high: lower(a.high, b.high),
    steps: [...new Set([...a.steps, ...b.steps])],
  };
}

function higher(a: Limit, b: Limit): Limit {
  if (a.value === b.value) return a.exclusive ? a : b;
  return a.value > b.value ? a : b;
}

function lower(a: Limit, b: Limit): Limit {
  if (a.value === b.value) return a.exclusive ? a : b;
  return a.value < b.value ? a : b;
}

function mergeStrings(a: Strings, b: Strings): Strings {
  return {
    ...a,
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
    patterns: [...new Set([...a.patterns, ...b.patterns])],
    formats: [...new Set([...a.formats, ...b.formats])],
  };
}

function mergeArrays(a: Arrays, b: Arrays, together: Both): Arrays {
  const length = Math.max(a.first.length, b.first.length);
  return {
    ...a,
    first: Array.from({ length }, (_, index) => together(itemOf(a, index), itemOf(b, index))),
    rest: together(a.rest, b.rest),
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
    unique: a.unique || b.unique,
  };
}

function mergeObjects(a: Objects, b: Objects, together: Both): Objects {
  const names = new Set([...a.properties.keys(), ...b.properties.keys()]);
  const patterns = new Map(a.patterns);
  for (const [pattern, term] of b.patterns) patterns.set(pattern, together(patterns.get(pattern) ?? [], term));
  return {
    ...a,
    properties: new Map([...names].map((name) => [name, together(propertyOf(a, name), propertyOf(b, name))])),
    required: new Set([...a.required, ...b.required]),
    patterns: [...patterns],
    rest: together(a.rest, b.rest),
    min: Math.max(a.min, b.min),
    max: Math.min(a.max, b.max),
    decided: a.decided || b.decided,
  };
}

/** What `a` says of properties that only a pattern of `b` matches is lost, unless `a` says nothing. */
function isExact(a: Objects, b: Objects): boolean {
  const own = new Set(a.patterns.map(([pattern]) => pattern));
  return a.rest.length === 0 || b.patterns.every(([pattern]) => own.has(pattern));
}

function both(a: Term, b: Term): Term {
  const added = b.filter(
    ({ schema, variant }) => !a.some((part) => part.schema === schema && part.variant === variant),
  );
  return [...a, ...added];
}
