import { _, type Code, type CodeKeywordDefinition, type KeywordCxt, Name } from "ajv";
import { getProperty } from "ajv/dist/compile/codegen/index.js";
import { checkDataType } from "ajv/dist/compile/validate/dataType.js";
import { CASES, type CaseCondition, FIRST, WHEN } from "../shape/own-keywords.js";

/** Keywords that decide which issues a validator reports. They exist only in schemas for ajv. */
export const ISSUE_KEYWORDS: readonly (CodeKeywordDefinition | string)[] = [
  { keyword: FIRST, schemaType: "object", code: first },
  { keyword: CASES, schemaType: "array", code: cases },
  WHEN,
];

function first(cxt: KeywordCxt): void {
  const valid = cxt.gen.name("valid");
  const inner = cxt.subschema({ keyword: FIRST, allErrors: false, compositeRule: true }, valid);
  cxt.mergeEvaluated(inner);
  cxt.ok(valid);
}

function cases(cxt: KeywordCxt): void {
  const { gen, data, schema, parentSchema } = cxt;
  const valid = gen.let("valid", true);
  const conditions = parentSchema[WHEN] as readonly CaseCondition[];
  for (const [index] of (schema as readonly unknown[]).entries()) {
    const condition = conditionCode(conditions[index] as CaseCondition, data);
    if (index === 0) gen.if(condition);
    else gen.elseIf(condition);
    const branch = gen.name("valid");
    const inner = cxt.subschema({ keyword: CASES, schemaProp: index }, branch);
    gen.assign(valid, branch);
    cxt.mergeEvaluated(inner, Name);
  }
  gen.endIf();
  cxt.ok(valid);
}

function conditionCode(condition: CaseCondition, data: Name): Code {
  const alternatives =
    "types" in condition
      ? condition.types.map((type) => checkDataType(type as "string", data, true))
      : condition.values.map((value) => _`${data}${getProperty(condition.tag)} === ${value as string}`);
  const any = alternatives.reduce((left, right) => _`(${left}) || (${right})`);
  return "types" in condition ? any : _`${data} && typeof ${data} == "object" && (${any})`;
}
