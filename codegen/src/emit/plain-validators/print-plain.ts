import type { JsonSchema } from "sshrpc/contract";
import { pointer } from "sshrpc/generated";
import { isSchemaObject, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { CompiledValidator } from "../compiled-validator.js";
import { CALL, CASES, type CaseCondition, FIRST, WHEN } from "../shape/own-keywords.js";
import { entriesOf, listOf, requiredOf } from "../shape/property-names.js";
import { access, below, block, type Chain, ifPresent, isTest, printChain, type Step, type Test } from "./chain.js";
import {
  boundTests,
  conditionOf,
  constantTests,
  isDecided,
  isOfType,
  type Place,
  reported,
  type Scope,
  shortTest,
  sizeTests,
  textTests,
  typeTest,
  uniqueTests,
} from "./conditions.js";

/**
 * Prints the validator of a schema for which `isPlain` is true. It adds the same errors in the same order as the code of ajv, whose
 * rules are grouped by the type of the value.
 */
export function printPlain(schema: SchemaOrBoolean): CompiledValidator {
  const printer = new PlainPrinter();
  const check = block('function validate(data, path = "") {', [
    "let errors = null;",
    ...printer.lines(schema, { data: "data", path: "path" }),
    "validate.errors = errors;",
    "return errors === null;",
  ]);
  const helpers = [...printer.helpers];
  if (printer.patterns.length === 0) return { code: check.join("\n"), helpers };
  const lines = block("(() => {", [...printer.patterns, ...check, "return validate;"]);
  return { code: `${lines.join("\n")})()`, helpers };
}

/** Whether a validator reports all errors of a value or only the first. */
type Mode = "all" | "first";

/** The chains for one type of values; without a type, for all. */
interface Group {
  readonly type?: string;
  readonly chains: readonly Chain[];
}

class PlainPrinter implements Scope {
  readonly helpers = new Set<string>();
  readonly #patterns = new Map<string, string>();
  #names = 0;

  use(helper: string): string {
    this.helpers.add(helper);
    return helper;
  }

  /** The declarations of the regular expressions. */
  get patterns(): readonly string[] {
    return [...this.#patterns].map(([source, name]) => `const ${name} = new RegExp(${JSON.stringify(source)}, "u");`);
  }

  pattern(source: string): string {
    const known = this.#patterns.get(source) ?? `pattern${this.#patterns.size}`;
    this.#patterns.set(source, known);
    return known;
  }

  lines(schema: SchemaOrBoolean, place: Place, mode: Mode = "all"): readonly string[] {
    return this.#chains(schema, place, mode).flatMap(printChain);
  }

  #chains(schema: SchemaOrBoolean, place: Place, mode: Mode): readonly Chain[] {
    if (!isSchemaObject(schema)) return [];
    return mode === "first" ? [this.#inOrder(schema, place)] : this.#everything(schema, place);
  }

  #everything(schema: JsonSchema, place: Place): readonly Chain[] {
    const short = shortTest(schema, place, this);
    if (short !== undefined) return [[short]];
    const groups = this.#groups(schema, place, "all");
    const wrong = this.#wrongType(schema, place);
    const owner = groups.find(({ type }) => type !== undefined && type === schema["type"]);
    const chains: Chain[] = wrong === undefined || owner !== undefined ? [] : [[wrong]];
    for (const group of groups) {
      const { type } = group;
      const inner = group.chains.flatMap(printChain);
      const [only = [], ...others] = group.chains;
      if (type === undefined) chains.push(...group.chains);
      else if (group !== owner || wrong === undefined) chains.push([block(`if (${this.#is(type, place)}) {`, inner)]);
      else if (others.length === 0 && only.every(isTest)) chains.push([wrong, ...only]);
      else chains.push([block(`if (${this.#is(type, place)}) {`, inner, ` else ${wrong.report}`)]);
    }
    return chains;
  }

  /** The steps of a schema of which the first that fails ends the validation. */
  #inOrder(schema: JsonSchema, place: Place): Chain {
    const short = shortTest(schema, place, this);
    if (short !== undefined) return [short];
    const declared = schema["type"];
    const groups = this.#groups(schema, place, "first");
    const wrong = this.#wrongType(schema, place);
    const owner = groups.find(({ type }) => type !== undefined && type === declared);
    const steps: Step[] = wrong === undefined || owner !== undefined ? [] : [wrong];
    for (const group of groups) {
      if (group === owner && wrong !== undefined) steps.push(wrong);
      const { type } = group;
      const isCertain = type === undefined || type === declared || (type === "number" && declared === "integer");
      const guarded = (step: Step): Step =>
        isTest(step) ? { ...step, fails: `${this.#is(type as string, place)} && (${step.fails})` } : step;
      steps.push(...(isCertain ? group.chains.flat() : group.chains.flat().map(guarded)));
    }
    return steps;
  }

  #wrongType({ type }: JsonSchema, place: Place): Test | undefined {
    return type === undefined ? undefined : typeTest(type as string | readonly string[], place, this);
  }

  #is(type: string, { data }: Place): string {
    return isOfType([type], data, this);
  }

  #groups(schema: JsonSchema, place: Place, mode: Mode): readonly Group[] {
    const each = (tests: readonly Test[]): readonly Chain[] => tests.map((test) => [test]);
    const groups: readonly Group[] = [
      { type: "number", chains: each(boundTests(schema, place, this)) },
      { type: "string", chains: each(textTests(schema, place, this)) },
      { chains: [...each(constantTests(schema, place, this)), ...this.#anyType(schema, place, mode)] },
      {
        type: "array",
        chains: [
          ...each(sizeTests(schema, "Items", place, this)),
          [this.#items(schema, place)],
          ...each(uniqueTests(schema, place, this)),
        ],
      },
      {
        type: "object",
        chains: [...each(sizeTests(schema, "Properties", place, this)), [this.#object(schema, place)]],
      },
    ];
    const isUsed = (one: Chain): boolean => one.some((step) => isTest(step) || step.length > 0);
    return groups
      .map((group) => ({ ...group, chains: group.chains.filter(isUsed) }))
      .filter(({ chains }) => chains.length > 0);
  }

  #anyType(schema: JsonSchema, place: Place, mode: Mode): readonly Chain[] {
    const chains = listOf(schema["allOf"]).flatMap((member) => this.#chains(member, place, mode));
    const called = schema[CALL];
    if (called !== undefined) {
      const report = `errors = ${this.use("withErrors")}(errors, ${called}.errors);`;
      chains.push([{ fails: `!${called}(${place.data}, ${place.path})`, report }]);
    }
    const first = schema[FIRST];
    if (isSchemaObject(first)) chains.push(this.#inOrder(first, place));
    return [...chains, [this.#cases(schema, place, mode)]];
  }

  #cases(schema: JsonSchema, place: Place, mode: Mode): readonly string[] {
    const conditions = (schema[WHEN] ?? []) as readonly CaseCondition[];
    let lines: readonly string[] = [];
    for (const [index, branch] of [...listOf(schema[CASES]).entries()].reverse()) {
      const condition = conditions[index] as CaseCondition;
      const inner = isDecided(branch, condition) ? [] : this.lines(branch, place, mode);
      const [head = "", ...tail] = lines;
      lines = [
        ...block(`if (${conditionOf(condition, place, this)}) {`, inner, lines.length > 0 ? ` else ${head}` : ""),
        ...tail,
      ];
    }
    return lines;
  }

  #items({ items }: JsonSchema, { data, path }: Place): readonly string[] {
    const [item, index] = [this.#name("v"), this.#name("i")];
    const inner = this.lines((items as SchemaOrBoolean) ?? true, { data: item, path: below(path, "/", index) });
    if (inner.length === 0) return [];
    const before = this.#name("before");
    const loop = `for (let ${index} = 0; ${index} < ${data}.length && !${this.use("isFull")}(errors, ${before}); ${index}++) {`;
    const lines = [`const ${item} = ${data}[${index}];`, ...inner];
    return [`const ${before} = ${this.use("sizeOf")}(errors);`, ...block(loop, lines)];
  }

  #object(schema: JsonSchema, place: Place): readonly string[] {
    const { data, path } = place;
    const required = requiredOf(schema);
    const isMissing = required.map((name) => `${data}${access(name)} === undefined`).join(" || ");
    const report = reported(this, "missing", place, `${data}, ${JSON.stringify(required)}`);
    const properties = entriesOf(schema["properties"]).flatMap(([name, sub]) => {
      const value = this.#name("v");
      const chains = this.#chains(sub, { data: value, path: below(path, `/${pointer(name)}`) }, "all");
      if (chains.length === 0) return [];
      return [`const ${value} = ${data}${access(name)};`, ...ifPresent(value, chains)];
    });
    const patterns = entriesOf(schema["patternProperties"]).flatMap(([pattern, sub]) => {
      const matches = (key: string): string => `${this.pattern(pattern)}.test(${key})`;
      return this.#keys(place, matches, (value) => this.lines(sub, value));
    });
    return [
      ...(isMissing === "" ? [] : [`if (${isMissing}) ${report}`]),
      ...this.#additional(schema, place),
      ...properties,
      ...patterns,
    ];
  }

  #additional(schema: JsonSchema, place: Place): readonly string[] {
    const sub = schema["additionalProperties"] as SchemaOrBoolean | undefined;
    if (sub === undefined || sub === true) return [];
    const isOther = (key: string): string =>
      [
        ...entriesOf(schema["properties"]).map(([name]) => `${key} !== ${JSON.stringify(name)}`),
        ...entriesOf(schema["patternProperties"]).map(([pattern]) => `!${this.pattern(pattern)}.test(${key})`),
      ].join(" && ");
    if (sub !== false) return this.#keys(place, isOther, (value) => this.lines(sub, value));
    const [report, condition] = [reported(this, "undeclared", place, "key"), isOther("key")];
    return [`for (const key in ${place.data}) ${condition === "" ? report : `if (${condition}) ${report}`}`];
  }

  /** A loop over the keys that meet a condition, up to the errors that an answer lists. */
  #keys(
    { data, path }: Place,
    condition: (key: string) => string,
    linesOf: (value: Place) => readonly string[],
  ): readonly string[] {
    const key = this.#name("key");
    const at = { data: `${data}[${key}]`, path: below(path, "/", `${this.use("pointer")}(${key})`) };
    const lines = linesOf(at);
    if (lines.length === 0) return [];
    const before = this.#name("before");
    const meets = condition(key);
    return [
      `const ${before} = ${this.use("sizeOf")}(errors);`,
      ...block(`for (const ${key} in ${data}) {`, [
        `if (${this.use("isFull")}(errors, ${before})) break;`,
        ...(meets === "" ? lines : block(`if (${meets}) {`, lines)),
      ]),
    ];
  }

  #name(prefix: string): string {
    return prefix + String(this.#names++);
  }
}
