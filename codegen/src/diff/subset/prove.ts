import { accepts, EXPONENT } from "./accepts.js";
import {
  type Alternative,
  type Arrays,
  itemOf,
  type Limit,
  type Numbers,
  type Objects,
  type Part,
  propertyOf,
  type Strings,
  type Term,
  UNDECIDED,
} from "./alternative.js";
import { type Expander, TooComplex } from "./expand.js";
import type { SameSchemas } from "./same.js";

/** Proves that all values of one side's schema match a schema of the other side. A failed proof says nothing. */
export class Prover {
  readonly sender: Expander;
  readonly receiver: Expander;
  readonly #same: SameSchemas;
  readonly #ids = new WeakMap<object, number>();
  readonly #known = new Map<string, boolean>();
  readonly #assumed: string[] = [];
  #nextId = 0;

  constructor(sender: Expander, receiver: Expander, same: SameSchemas) {
    this.sender = sender;
    this.receiver = receiver;
    this.#same = same;
  }

  /** Whether every value of `sent` is known to match `received`. */
  proves(sent: Term, received: Term): boolean {
    return received.every((part) => this.#isImplied(sent, part) || this.#provesPart(sent, part));
  }

  /** An equal schema, which may be open where the sender's is closed. */
  #isImplied(sent: Term, part: Part): boolean {
    if (part.schema === true) return true;
    return sent.some(
      ({ schema, variant }) =>
        (variant === part.variant || part.variant === "open") && this.#same.are(schema, part.schema),
    );
  }

  /** A pair that contains itself is true if nothing else contradicts it. */
  #provesPart(sent: Term, part: Part): boolean {
    const key = `${this.#keyOf(sent)}>${this.#keyOf([part])}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const before = this.#assumed.push(key);
    this.#known.set(key, true);
    if (this.#covers(sent, part)) return true;
    // Conclusions from the assumption are no longer known.
    for (const assumed of this.#assumed.splice(before - 1)) this.#known.delete(assumed);
    this.#known.set(key, false);
    return false;
  }

  #covers(sent: Term, part: Part): boolean {
    try {
      const received = this.receiver.of([part]);
      return this.sender.of(sent).every((one) => this.#isCovered(one, received));
    } catch (error) {
      if (error instanceof TooComplex) return false;
      throw error;
    }
  }

  #isCovered(one: Alternative, received: readonly Alternative[]): boolean {
    if (this.isEmpty(one) || received.some((other) => this.#includes(one, other))) return true;
    const cases = one.kind === "object" ? this.#byTag(one) : undefined;
    return cases?.every((each) => received.some((other) => this.#includes(each, other))) ?? false;
  }

  /** An object with a required property of few values, as an object for each value. */
  #byTag(one: Objects): readonly Objects[] | undefined {
    for (const name of one.required) {
      const values = this.sender.of(propertyOf(one, name));
      if (values.length < 2 || !values.every((value) => value.kind === "constant")) continue;
      return values.map((value) => {
        const schema = { const: value.kind === "constant" ? value.value : undefined };
        return { ...one, properties: new Map([...one.properties, [name, [{ schema, variant: "open" as const }]]]) };
      });
    }
    return undefined;
  }

  /** Whether an alternative of the sender accepts nothing. */
  isEmpty(one: Alternative): boolean {
    switch (one.kind) {
      case "number":
        return one.low.value > one.high.value;
      case "string":
      case "array":
        return one.min > one.max;
      case "object":
        return one.min > one.max || [...one.required].some((name) => this.isNever(propertyOf(one, name)));
      default:
        return false;
    }
  }

  /** Whether the sender has no such value. */
  isNever(term: Term): boolean {
    return term.some(({ schema }) => schema === false || (typeof schema === "object" && isNot(schema)));
  }

  #includes(one: Alternative, other: Alternative): boolean {
    if (other.opaque.has(UNDECIDED) || ![...other.opaque].every((text) => one.opaque.has(text))) return false;
    if (one.kind === "constant") return accepts(other, one.value) === true;
    if (one.kind === "number") return other.kind === "number" && includesNumbers(one, other);
    if (one.kind === "string") return other.kind === "string" && includesStrings(one, other);
    if (one.kind === "array") return other.kind === "array" && this.#includesArrays(one, other);
    return other.kind === "object" && this.#includesObjects(one, other);
  }

  #includesArrays(one: Arrays, other: Arrays): boolean {
    const isBounded = this.isNever(one.rest);
    const longest = isBounded ? Math.min(one.max, one.first.length) : one.max;
    if (one.min < other.min || longest > other.max) return false;
    if (other.unique && !one.unique && longest > 1) return false;
    const count = Math.max(one.first.length, other.first.length);
    for (let index = 0; index < Math.min(count, longest); index += 1) {
      if (!this.proves(itemOf(one, index), itemOf(other, index))) return false;
    }
    return longest <= count || this.proves(one.rest, other.rest);
  }

  #includesObjects(one: Objects, other: Objects): boolean {
    if (![...other.required].every((name) => one.required.has(name))) return false;
    const isClosed = this.isNever(one.rest) && one.patterns.length === 0;
    const most = isClosed ? Math.min(one.max, one.properties.size) : one.max;
    if (Math.max(one.min, one.required.size) < other.min || most > other.max) return false;
    for (const name of new Set([...one.properties.keys(), ...other.properties.keys()])) {
      const sent = propertyOf(one, name);
      if (!this.isNever(sent) && !this.proves(sent, propertyOf(other, name))) return false;
    }
    return this.#includesOthers(one, other);
  }

  /** The properties without a name: each may match any pattern of the receiver. */
  #includesOthers(one: Objects, other: Objects): boolean {
    const known = new Set(other.patterns.map(([pattern]) => pattern));
    const own = new Set(one.patterns.map(([pattern]) => pattern));
    const classes = [...one.patterns, [undefined, one.rest] as const].filter(([, term]) => !this.isNever(term));
    return classes.every(([pattern, term]) => {
      const matching = other.patterns.filter(([text]) => pattern !== undefined || !own.has(text));
      if (!matching.every(([, received]) => this.proves(term, received))) return false;
      return (pattern !== undefined && known.has(pattern)) || this.proves(term, other.rest);
    });
  }

  #keyOf(term: Term): string {
    return term.map(({ schema, variant }) => `${variant} ${this.#idOf(schema)}`).join("&");
  }

  #idOf(schema: Part["schema"]): string {
    if (typeof schema === "boolean") return `any ${schema}`;
    // Cases of a tag are new objects with one constant.
    if (Object.keys(schema).length === 1 && "const" in schema) return `const ${JSON.stringify(schema["const"])}`;
    const id = this.#ids.get(schema) ?? this.#nextId++;
    this.#ids.set(schema, id);
    return `id ${id}`;
  }
}

function isNot(schema: object): boolean {
  const { not } = schema as { readonly not?: unknown };
  return not === true || (typeof not === "object" && not !== null && Object.keys(not).length === 0);
}

function includesNumbers(one: Numbers, other: Numbers): boolean {
  const isStep = (step: number, of: number): boolean => Number.isInteger(step / of);
  if (other.integer && !one.integer && !one.steps.some((step) => Number.isInteger(step))) return false;
  const steps = one.integer ? [...one.steps, 1] : one.steps;
  // Multiples of other fractions are rounded: they are compared with themselves only.
  const covers = (of: number): boolean =>
    one.steps.includes(of) ||
    (isExactQuotient(one, of) && steps.some((step) => isExact(step) && isExact(of) && isStep(step, of)));
  if (!other.steps.every(covers)) return false;
  const [low, high] = one.integer ? integerLimits(one) : [one.low, one.high];
  const isLow = low.value > other.low.value || (low.value === other.low.value && !isLost(low, other.low));
  const isHigh = high.value < other.high.value || (high.value === other.high.value && !isLost(high, other.high));
  return isLow && isHigh;
}

/** Integers and binary fractions, whose multiples are exact. */
function isExact(step: number): boolean {
  return Number.isInteger(step * 1024);
}

/** The least and the greatest integer. */
function integerLimits({ low, high }: Numbers): readonly [Limit, Limit] {
  const least = low.exclusive ? Math.floor(low.value) + 1 : Math.ceil(low.value);
  const greatest = high.exclusive ? Math.ceil(high.value) - 1 : Math.floor(high.value);
  return [
    { value: least, exclusive: false },
    { value: greatest, exclusive: false },
  ];
}

/** Validators refuse quotients that JavaScript writes with an exponent. */
function isExactQuotient({ low, high }: Numbers, step: number): boolean {
  return Math.max(Math.abs(low.value), Math.abs(high.value)) / step < EXPONENT;
}

function isLost(one: Limit, other: Limit): boolean {
  return other.exclusive && !one.exclusive;
}

function includesStrings(one: Strings, other: Strings): boolean {
  if (one.min < other.min || one.max > other.max) return false;
  return (
    other.patterns.every((pattern) => one.patterns.includes(pattern)) &&
    other.formats.every((format) => one.formats.includes(format))
  );
}
