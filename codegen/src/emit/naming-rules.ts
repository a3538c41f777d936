import { combineRules } from "../model/names.js";
import { typescriptNaming } from "./typescript/naming.js";

/** The names that every target accepts. The rules of a new target's language are added here. */
export const namingRules = combineRules([typescriptNaming]);
