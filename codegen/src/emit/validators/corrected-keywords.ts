import { _, type CodeKeywordDefinition, type KeywordCxt, Name, str } from "ajv";
import { not } from "ajv/dist/compile/codegen/index.js";
import { alwaysValidSchema, evaluatedPropsToName, mergeEvaluated, Type, useFunc } from "ajv/dist/compile/util.js";
import { duplicateItems } from "sshrpc/generated";

/** Keywords of ajv with faults, written anew. */
export const CORRECTED_KEYWORDS: readonly CodeKeywordDefinition[] = [
  // ajv evaluates the properties and items of `if` also where it is false, and none where it has no branches.
  {
    keyword: "if",
    schemaType: ["object", "boolean"],
    trackErrors: true,
    error: {
      message: "",
      params: ({ params: { clause } }) => _`{failingKeyword: ${clause}}`,
    },
    code: ifThenElse,
  },
  // ajv compares every pair of items that are not scalars, and takes no string "__proto__" for a duplicate.
  {
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    error: {
      message: "",
      params: ({ params: { found } }) => _`{i: ${found}[0], j: ${found}[1]}`,
    },
    code: uniqueItems,
  },
  // ajv takes `true`, for all items, for the number 1 where an alternative decides at run time what has been evaluated.
  {
    keyword: "unevaluatedItems",
    type: "array",
    schemaType: ["boolean", "object"],
    error: {
      message: "",
      params: ({ params: { evaluated } }) => _`{limit: ${evaluated}}`,
    },
    code: unevaluatedItems,
  },
];

/** Keywords of which a subschema may apply or not. */
export const CONDITIONAL_KEYWORDS = ["anyOf", "oneOf", "if", "dependentSchemas"] as const;

/**
 * Corrects a keyword of {@link CONDITIONAL_KEYWORDS}. Where nothing has been evaluated before, ajv takes what the first subschema has
 * evaluated at run time, such as names that match a pattern, also where the subschema does not apply.
 */
export function countEvaluatedFirst(definition: CodeKeywordDefinition): void {
  const { code } = definition;
  definition.code = (cxt, ruleType) => {
    const { gen, it } = cxt;
    if (it.opts.unevaluated === true) {
      if (it.props !== true && !(it.props instanceof Name)) it.props = evaluatedPropsToName(gen, it.props);
      if (it.items !== true && !(it.items instanceof Name)) it.items = gen.var("items", _`${it.items ?? 0}`);
    }
    code(cxt, ruleType);
  };
}

/** Corrects `patternProperties`: ajv adds names to a variable that may be `true`, for all properties, or undefined at run time. */
export function collectNamesApart(definition: CodeKeywordDefinition): void {
  const { code } = definition;
  definition.code = (cxt, ruleType) => {
    const { gen, it } = cxt;
    const before = it.props;
    if (!(before instanceof Name)) return code(cxt, ruleType);
    delete it.props;
    code(cxt, ruleType);
    it.props = it.props === undefined ? before : mergeEvaluated.props(gen, it.props, before);
  };
}

/** How generated code names the helper: {@link rewrite} in `compile-with-ajv.ts` imports it from `sshrpc/generated`. */
const DUPLICATE_ITEMS = Object.assign(duplicateItems, { code: 'require("ajv/dist/runtime/duplicateItems").default' });

function ifThenElse(cxt: KeywordCxt): void {
  const { gen, parentSchema } = cxt;
  const valid = gen.let("valid", true);
  const clause = gen.let("clause");
  const matches = gen.name("valid");
  const condition = cxt.subschema(
    { keyword: "if", compositeRule: true, createErrors: false, allErrors: false },
    matches,
  );
  cxt.reset();
  const apply = (keyword: "then" | "else") => (): void => {
    if (keyword === "then") cxt.mergeEvaluated(condition, Name);
    if (!(keyword in parentSchema)) return;
    const one = gen.name("valid");
    const branch = cxt.subschema({ keyword }, one);
    gen.assign(valid, one).assign(clause, str`${keyword}`);
    cxt.mergeValidEvaluated(branch, valid);
  };
  gen.if(matches, apply("then"), apply("else"));
  cxt.setParams({ clause });
  cxt.pass(valid, () => cxt.error(true));
}

function uniqueItems(cxt: KeywordCxt): void {
  const { gen, data, schema } = cxt;
  if (schema !== true) return;
  const found = gen.const("found", _`${useFunc(gen, DUPLICATE_ITEMS)}(${data})`);
  cxt.setParams({ found });
  cxt.fail(_`${found} !== undefined`);
}

function unevaluatedItems(cxt: KeywordCxt): void {
  const { gen, data, schema, it } = cxt;
  const items = it.items ?? 0;
  if (items === true) return;
  const length = gen.const("len", _`${data}.length`);
  const evaluated =
    items instanceof Name ? gen.const("evaluated", _`${items} === true ? ${length} : (${items} || 0)`) : items;
  if (schema === false) {
    cxt.setParams({ evaluated });
    cxt.fail(_`${length} > ${evaluated}`);
  } else if (typeof schema === "object" && !alwaysValidSchema(it, schema)) {
    const valid = gen.var("valid", true);
    gen.forRange("i", evaluated, length, (index) => {
      const one = gen.name("valid");
      cxt.subschema({ keyword: "unevaluatedItems", dataProp: index, dataPropType: Type.Num }, one);
      gen.if(not(one), () => {
        gen.assign(valid, false);
        if (!it.allErrors) gen.break();
      });
    });
    cxt.ok(valid);
  }
  it.items = true;
}
