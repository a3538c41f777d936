import { _, type CodeKeywordDefinition, type KeywordCxt, Name } from "ajv";
import { strConcat } from "ajv/dist/compile/codegen/index.js";
import { mergeEvaluated } from "ajv/dist/compile/util.js";
import { CALL } from "../shape/own-keywords.js";

/** The keyword that calls the validator of another type: of what ajv passes to one, ours needs only the path. */
export const CALL_KEYWORD: CodeKeywordDefinition = { keyword: CALL, schemaType: "string", code: call };

/** The variables of ajv's functions. */
const [errors, instancePath, vErrors] = [new Name("errors"), new Name("instancePath"), new Name("vErrors")];

function call(cxt: KeywordCxt): void {
  const { gen, data, it } = cxt;
  const validator = new Name(cxt.schema);
  cxt.result(
    _`${validator}(${data}, ${strConcat(instancePath, it.errorPath)})`,
    () => takeEvaluated(cxt, validator),
    () => {
      const theirs = _`${validator}.errors`;
      gen.assign(vErrors, _`${vErrors} === null ? ${theirs} : ${vErrors}.concat(${theirs})`);
      gen.assign(errors, _`${vErrors}.length`);
    },
  );
}

/**
 * The properties and items that the other validator has evaluated, where `unevaluatedProperties` needs them. Its object is copied: the
 * names that this schema adds to it would stay evaluated in every later call.
 */
function takeEvaluated({ gen, it }: KeywordCxt, validator: Name): void {
  if (it.opts.unevaluated !== true) return;
  if (it.props !== true) {
    const props = gen.var("props", _`${validator}.evaluated.props === true || {...${validator}.evaluated.props}`);
    it.props = mergeEvaluated.props(gen, props, it.props, Name);
  }
  if (it.items !== true) {
    const items = gen.var("items", _`${validator}.evaluated.items`);
    it.items = mergeEvaluated.items(gen, items, it.items, Name);
  }
}
