import { invalidIgnore, unusedIgnore } from "./ignores.js";
import { backtrackingPattern } from "./rules/backtracking.js";
import { unboundedArray, unboundedString } from "./rules/bounds.js";
import { getSideEffect, missingScope, undocumentedMethod, undocumentedResource } from "./rules/methods.js";
import { collectionNumber, fieldCase, pathCase, resourceCase } from "./rules/naming.js";
import type { Rule, RuleInfo } from "./rules/rule.js";
import { unusedType } from "./rules/unused-type.js";

/** The rules about schemas. A new rule is added here. */
export const RULES: readonly Rule[] = [
  resourceCase,
  pathCase,
  fieldCase,
  collectionNumber,
  undocumentedResource,
  undocumentedMethod,
  missingScope,
  getSideEffect,
  unboundedString,
  unboundedArray,
  backtrackingPattern,
  unusedType,
];

/** All rules, those about ignore comments included. */
export const ALL_RULES: readonly RuleInfo[] = [...RULES, invalidIgnore, unusedIgnore];
