import type { ApiModel } from "../model/api-model.js";

/** The lists of a model. */
type List = "types" | "resources" | "callbacks";

/** A model without the parts that an earlier one has: in their place are their indices in its lists. */
export type ModelUpdate = Omit<ApiModel, List> & {
  readonly [Name in List]: readonly (ApiModel[Name][number] | number)[];
};

/** What changes `previous` to `model`, so that a thread sends no more than that to another. Parts that are the same object are equal. */
export function updateOf(model: ApiModel, previous: ApiModel | undefined): ModelUpdate {
  if (previous === undefined) return model;
  const without = <Part>(parts: readonly Part[], known: readonly Part[]): readonly (Part | number)[] => {
    const indices = new Map(known.map((part, index) => [part, index]));
    return parts.map((part) => indices.get(part) ?? part);
  };
  return {
    ...model,
    types: without(model.types, previous.types),
    resources: without(model.resources, previous.resources),
    callbacks: without(model.callbacks, previous.callbacks),
  };
}

/** The model that {@link updateOf} was called with, from a copy of the previous one. */
export function updated(update: ModelUpdate, previous: ApiModel | undefined): ApiModel {
  const whole = <Part>(parts: readonly (Part | number)[], known: readonly Part[] = []): readonly Part[] =>
    parts.map((part) => (typeof part === "number" ? (known[part] as Part) : part));
  return {
    ...update,
    types: whole(update.types, previous?.types),
    resources: whole(update.resources, previous?.resources),
    callbacks: whole(update.callbacks, previous?.callbacks),
  };
}
