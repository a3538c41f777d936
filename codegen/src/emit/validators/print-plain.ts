import type { JsonSchema } from "sshrpc/contract";
import { isSchemaObject, type SchemaOrBoolean } from "../../model/schema/schema-walk.js";
import type { CompiledValidator } from "./compile-validator.js";
import { FIRST } from "./issue-keywords.js";
import {
  boundTests,
  constantTests,
  isOfType,
  type Place,
  reported,
  type Scope,
  safeIntegerTest,
  sizeTests,
  type Test,
  textTests,
  typeTest,
  uniqueTests,
} from "./plain-tests.js";
import { entriesOf, listOf, requiredOf } from "./property-names.js";
import { CASES, type CaseCondition, WHEN } from "./union-cases.js";
import { CALL } from "./variants.js";

/**
 * Prints the validator of a schema for which `isPlain` is true. It adds the same errors in the same order as the code of ajv, whose
 * rules are grouped by the type of the value.
 */
export function printPlain(schema: SchemaOrBoolean): CompiledValidator {
  const printer = new PlainPrinter();
  const check = block('function validate(data, path = "") {', [
    "let errors = null;",
    ...printer.value(schema, { data: "data", path: "path" }, "all"),
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

/** A test, or lines. In the mode "first", lines come last. */
type Step = Test | readonly string[];

/** The steps for one type of values; without a type, for all. */
interface Group {
  readonly type?: string;
  readonly steps: readonly Step[];
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

  value(schema: SchemaOrBoolean, place: Place, mode: Mode): readonly string[] {
    if (!isSchemaObject(schema)) return [];
    return mode === "first" ? chain(this.#inOrder(schema, place)) : this.#everything(schema, place);
  }

  #everything(schema: JsonSchema, place: Place): readonly string[] {
    const groups = this.#groups(schema, place, "all");
    const wrong = this.#wrongType(schema, place);
    const owner = groups.find(({ type }) => type !== undefined && type === schema["type"]);
    const lines: string[] = wrong === undefined || owner !== undefined ? [] : [...chain([wrong])];
    for (const group of groups) {
      const { type, steps } = group;
      const [only, ...others] = steps;
      const inner = steps.flatMap((step) => chain([step]));
      if (type === undefined) lines.push(...inner);
      else if (group !== owner || wrong === undefined) lines.push(...block(`if (${this.#is(type, place)}) {`, inner));
      else if (only !== undefined && isTest(only) && others.length === 0) lines.push(...chain([wrong, only]));
      else lines.push(...block(`if (${this.#is(type, place)}) {`, inner, ` else ${wrong.report}`));
    }
    return lines;
  }

  /** The steps of a schema of which the first that fails ends the validation. */
  #inOrder(schema: JsonSchema, place: Place): readonly Step[] {
    const { type: declared, minimum, maximum, ...others } = schema;
    if (declared === "integer" && minimum === Number.MIN_SAFE_INTEGER && maximum === Number.MAX_SAFE_INTEGER) {
      return [safeIntegerTest(place, this), ...this.#inOrder(others, place)];
    }
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
      steps.push(...(isCertain ? group.steps : group.steps.map(guarded)));
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
    const array = [
      sizeTests(schema, "Items", place, this),
      [this.#items(schema, place)],
      uniqueTests(schema, place, this),
    ];
    const object = [sizeTests(schema, "Properties", place, this), [this.#object(schema, place)]];
    const groups: readonly Group[] = [
      { type: "number", steps: boundTests(schema, place, this) },
      { type: "string", steps: textTests(schema, place, this) },
      { steps: [...constantTests(schema, place, this), ...this.#anyType(schema, place, mode)] },
      { type: "array", steps: array.flat() },
      { type: "object", steps: object.flat() },
    ];
    const isUsed = (step: Step): boolean => isTest(step) || step.length > 0;
    return groups
      .map((group) => ({ ...group, steps: group.steps.filter(isUsed) }))
      .filter(({ steps }) => steps.length > 0);
  }

  #anyType(schema: JsonSchema, place: Place, mode: Mode): readonly Step[] {
    const steps: Step[] = listOf(schema["allOf"]).map((member) => this.value(member, place, mode));
    const called = schema[CALL];
    if (called !== undefined) {
      const report = `errors = ${this.use("withErrors")}(errors, ${called}.errors);`;
      steps.push({ fails: `!${called}(${place.data}, ${place.path})`, report });
    }
    const first = schema[FIRST];
    if (isSchemaObject(first)) {
      const inner = this.#inOrder(first, place);
      steps.push(...(mode === "first" ? inner : [chain(inner)]));
    }
    return [...steps, this.#cases(schema, place, mode)];
  }

  #cases(schema: JsonSchema, place: Place, mode: Mode): readonly string[] {
    const conditions = (schema[WHEN] ?? []) as readonly CaseCondition[];
    let lines: readonly string[] = [];
    for (const [index, branch] of [...listOf(schema[CASES]).entries()].reverse()) {
      const condition = conditions[index] as CaseCondition;
      const inner = isDecided(branch, condition) ? [] : this.value(branch, place, mode);
      const [head = "", ...tail] = lines;
      lines = [
        ...block(`if (${this.#condition(condition, place)}) {`, inner, lines.length > 0 ? ` else ${head}` : ""),
        ...tail,
      ];
    }
    return lines;
  }

  #condition(condition: CaseCondition, { data }: Place): string {
    if ("types" in condition) return isOfType(condition.types, data, this);
    const { tag, values } = condition;
    const any = values.map((value) => `${data}${access(tag)} === ${JSON.stringify(value)}`).join(" || ");
    return `${this.use("isObject")}(${data}) && ${values.length > 1 ? `(${any})` : any}`;
  }

  #items({ items }: JsonSchema, { data, path }: Place): readonly string[] {
    const [item, index] = [this.#name("item"), this.#name("i")];
    const inner = this.value((items as SchemaOrBoolean) ?? true, { data: item, path: below(path, "/", index) }, "all");
    if (inner.length === 0) return [];
    const before = this.#name("before");
    const loop = `for (let ${index} = 0; ${index} < ${data}.length && !${this.use("isFull")}(errors, ${before}); ${index}++) {`;
    const lines = [`const ${item} = ${data}[${index}];`, ...inner];
    return [`const ${before} = ${this.use("sizeOf")}(errors);`, ...block(loop, lines)];
  }

  #object(schema: JsonSchema, place: Place): readonly string[] {
    const { data, path } = place;
    const required = requiredOf(schema).map((name) => {
      return `if (${data}${access(name)} === undefined) ${reported(this, "missing", place, JSON.stringify(name))}`;
    });
    const properties = entriesOf(schema["properties"]).flatMap(([name, sub]) => {
      const value = this.#name("value");
      const inner = this.value(
        sub,
        { data: value, path: below(path, `/${name.replace(/~/g, "~0").replace(/\//g, "~1")}`) },
        "all",
      );
      if (inner.length === 0) return [];
      return [`const ${value} = ${data}${access(name)};`, ...block(`if (${value} !== undefined) {`, inner)];
    });
    const patterns = entriesOf(schema["patternProperties"]).flatMap(([pattern, sub]) => {
      const matches = (key: string): string => `${this.pattern(pattern)}.test(${key})`;
      return this.#keys(place, matches, (value) => this.value(sub, value, "all"));
    });
    return [...required, ...this.#additional(schema, place), ...properties, ...patterns];
  }

  #additional(schema: JsonSchema, place: Place): readonly string[] {
    const sub = schema["additionalProperties"] as SchemaOrBoolean | undefined;
    if (sub === undefined || sub === true) return [];
    const isOther = (key: string): string =>
      [
        ...entriesOf(schema["properties"]).map(([name]) => `${key} !== ${JSON.stringify(name)}`),
        ...entriesOf(schema["patternProperties"]).map(([pattern]) => `!${this.pattern(pattern)}.test(${key})`),
      ].join(" && ");
    if (sub !== false) return this.#keys(place, isOther, (value) => this.value(sub, value, "all"));
    return this.#keys(place, isOther, (_, key) => [reported(this, "undeclared", place, key)]);
  }

  /** A loop over the keys that meet a condition, up to the errors that an answer lists. */
  #keys(
    { data, path }: Place,
    condition: (key: string) => string,
    linesOf: (value: Place, key: string) => readonly string[],
  ): readonly string[] {
    const key = this.#name("key");
    const at = { data: `${data}[${key}]`, path: below(path, "/", `${this.use("pointer")}(${key})`) };
    const lines = linesOf(at, key);
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

function isTest(step: Step): step is Test {
  return "fails" in step;
}

/** Whether the condition of a case says all that the schema of the case does. */
function isDecided(branch: SchemaOrBoolean, condition: CaseCondition): boolean {
  if (!isSchemaObject(branch) || !("types" in condition)) return false;
  return Object.keys(branch).join() === "type" && branch["type"] !== "integer";
}

/** Lines in braces. @param tail what follows the closing brace */
function block(head: string, lines: readonly string[], tail = ""): readonly string[] {
  return [head, ...lines.map((line) => `  ${line}`), `}${tail}`];
}

/** Steps of which the first that fails ends the others. */
function chain(steps: readonly Step[]): readonly string[] {
  return steps.flatMap((step, index) => {
    const otherwise = index === 0 ? "" : "else ";
    if (isTest(step)) return [`${otherwise}if (${step.fails}) ${step.report}`];
    const [head = "", ...tail] = step;
    return [otherwise + head, ...tail];
  });
}

/** The access to a property. */
function access(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** The expression for a path below another. @param end an expression for the rest */
function below(path: string, text: string, end = ""): string {
  const quoted = JSON.stringify(text);
  const joined = path.endsWith('"') ? path.slice(0, -1) + quoted.slice(1) : `${path} + ${quoted}`;
  return end === "" ? joined : `${joined} + ${end}`;
}
