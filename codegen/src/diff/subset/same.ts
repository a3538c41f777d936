import { keywordValue } from "sshrpc/contract";
import { canonicalJson } from "../../model/schema/json-value.js";
import { refName, type SchemaOrBoolean, withoutNotes } from "../../model/schema/schema-walk.js";
import type { Types } from "./alternative.js";

/** Compares schemas of two contracts: the names of types do not matter, what they refer to does. */
export class SameSchemas {
  readonly #left: Types;
  readonly #right: Types;
  readonly #known = new WeakMap<object, WeakMap<object, boolean>>();
  /** Pairs of names that are compared: equal until a difference is found. */
  readonly #refs = new Map<string, boolean>();

  constructor(left: Types, right: Types) {
    this.#left = left;
    this.#right = right;
  }

  /** Whether both accept the same values, because they are the same but for annotations. */
  are(left: SchemaOrBoolean, right: SchemaOrBoolean): boolean {
    if (typeof left === "boolean" || typeof right === "boolean") return left === right;
    const known = this.#known.get(left)?.get(right);
    if (known !== undefined) return known;
    const isTop = this.#depth === 0;
    this.#depth += 1;
    const result = this.#equal(withoutNotes(left), withoutNotes(right));
    this.#depth -= 1;
    if (isTop) {
      const byRight = this.#known.get(left) ?? new WeakMap<object, boolean>();
      this.#known.set(left, byRight.set(right, result));
      // Only what a whole comparison has confirmed is known.
      if (!result) for (const [pair, isEqual] of this.#refs) if (isEqual) this.#refs.delete(pair);
    }
    return result;
  }

  #depth = 0;

  #equal(left: SchemaOrBoolean, right: SchemaOrBoolean): boolean {
    if (typeof left !== "object" || typeof right !== "object") return left === right;
    const [one, other] = [refName(left), refName(right)];
    if ((one === undefined) !== (other === undefined)) return false;
    if (one !== undefined && other !== undefined && !this.#sameTargets(one, other)) return false;
    const keys = Object.keys(left).filter((key) => one === undefined || key !== "$ref");
    if (Object.keys(right).length !== Object.keys(left).length) return false;
    return keys.every((key) => Object.hasOwn(right, key) && this.#equalContents(key, left[key], right[key]));
  }

  #equalContents(keyword: string, left: unknown, right: unknown): boolean {
    const kind = keywordValue(keyword);
    if (kind === undefined || kind === "value" || typeof left !== "object" || typeof right !== "object") {
      const isSet = ["required", "enum", "type"].includes(keyword) && Array.isArray(left) && Array.isArray(right);
      return isSet ? canonicalJson(sorted(left)) === canonicalJson(sorted(right)) : isSameJson(left, right);
    }
    // Schemas, in a list or by name.
    if (kind === "schema" || (kind === "schema-or-list" && !Array.isArray(left) && !Array.isArray(right))) {
      return this.#equal(left as SchemaOrBoolean, right as SchemaOrBoolean);
    }
    if (Array.isArray(left) !== Array.isArray(right)) return false;
    const [one, other] = [left, right] as [Record<string, SchemaOrBoolean>, Record<string, SchemaOrBoolean>];
    const names = Object.keys(one);
    return (
      names.length === Object.keys(other).length &&
      names.every((name) => Object.hasOwn(other, name) && this.#equal(one[name] ?? true, other[name] ?? true))
    );
  }

  #sameTargets(left: string, right: string): boolean {
    const pair = `${left} ${right}`;
    const known = this.#refs.get(pair);
    if (known !== undefined) return known;
    const [one, other] = [this.#left.get(left), this.#right.get(right)];
    if (one === undefined || other === undefined) return false;
    this.#refs.set(pair, true);
    const result = this.#equal(withoutNotes(one), withoutNotes(other));
    if (!result) this.#refs.set(pair, false);
    return result;
  }
}

function isSameJson(left: unknown, right: unknown): boolean {
  return left === right || canonicalJson(left) === canonicalJson(right);
}

function sorted(list: readonly unknown[]): readonly unknown[] {
  return [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
