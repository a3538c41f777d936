import type { Validator } from "sshrpc/generated";
import { errorMessage } from "../../base/error-message.js";
import type { Types } from "../subset/alternative.js";
import { type CompiledUse, compileSide } from "../witness/compile-sides.js";

/** The validators of one contract, compiled together: types that several uses share are compiled once. */
export class SideValidators {
  readonly #types: Types;
  readonly #uses = new Map<string, CompiledUse>();
  #compiled: ReadonlyMap<string, Validator | string> | undefined;

  constructor(types: Types) {
    this.#types = types;
  }

  /** To be called for every use before the first `get`. */
  add(use: CompiledUse): void {
    this.#uses.set(keyOf(use), use);
  }

  /** The validator of a use that was added; the reason where it cannot be compiled. */
  get(use: CompiledUse): Validator | string {
    this.#compiled ??= this.#compile();
    return this.#compiled.get(keyOf(use)) ?? "unknown use";
  }

  #compile(): ReadonlyMap<string, Validator | string> {
    const [keys, uses] = [[...this.#uses.keys()], [...this.#uses.values()]];
    try {
      const validators = compileSide(this.#types, uses);
      return new Map(keys.map((key, index) => [key, validators[index] ?? "unknown use"]));
    } catch {
      return new Map(uses.map((use, index) => [keys[index] as string, this.#one(use)]));
    }
  }

  #one(use: CompiledUse): Validator | string {
    try {
      return compileSide(this.#types, [use])[0] ?? "unknown use";
    } catch (error) {
      return errorMessage(error);
    }
  }
}

function keyOf({ schema, variant }: CompiledUse): string {
  return `${variant} ${JSON.stringify(schema)}`;
}
