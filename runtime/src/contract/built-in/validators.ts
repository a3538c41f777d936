import type { ValidationError, Validator } from "../method.js";

/** One field of a built-in message. */
interface Field {
  /** The JSON type that an issue names. */
  readonly type: string;
  readonly fits: (value: unknown) => boolean;
  readonly optional?: true;
  /** The error of a value that does not fit. Default: the wrong type. */
  readonly error?: Pick<ValidationError, "keyword" | "params">;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is an array of strings. */
export function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** A field with any text. */
export const TEXT: Field = { type: "string", fits: (value) => typeof value === "string" };

/** A field with a number. */
export const NUMBER: Field = { type: "number", fits: (value) => typeof value === "number" };

/** A field with a list of anything. */
export const LIST: Field = { type: "array", fits: Array.isArray };

/** A field with an object of anything. */
export const OBJECT: Field = { type: "object", fits: isObject };

/** A field with one of these texts. */
export function oneOfTexts(values: readonly string[]): Field {
  return {
    type: "string",
    fits: (value) => values.includes(value as string),
    error: { keyword: "enum", params: { allowedValues: values } },
  };
}

/** A field with an integer from `min` to `max`. */
export function integer(min: number, max: number): Field {
  const type = `integer from ${min} to ${max}`;
  return { type, fits: (value) => Number.isInteger(value) && min <= (value as number) && (value as number) <= max };
}

/** The same field, which may be absent. */
export function optional(field: Field): Field {
  return { ...field, optional: true };
}

/** Validates a request of a built-in method: closed, as generated validators of requests. */
export function closedObject(fields: Readonly<Record<string, Field>>): Validator {
  return validatorOf((value) => [
    ...fieldErrors(value, fields),
    ...Object.keys(value)
      .filter((name) => !Object.hasOwn(fields, name))
      .map((name) => ({ ...ROOT, keyword: "additionalProperties", params: { additionalProperty: name } })),
  ]);
}

/** Validates a response of a built-in method: open, as generated validators of responses. */
export function openObject(fields: Readonly<Record<string, Field>>): Validator {
  return validatorOf((value) => fieldErrors(value, fields));
}

const ROOT = { instancePath: "" };

function validatorOf(errorsOf: (value: Readonly<Record<string, unknown>>) => readonly ValidationError[]): Validator {
  const validator: Validator = (value) => {
    const errors = isObject(value) ? errorsOf(value) : [{ ...ROOT, keyword: "type", params: { type: "object" } }];
    validator.errors = errors.length === 0 ? null : errors;
    return errors.length === 0;
  };
  return validator;
}

function fieldErrors(
  value: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Field>>,
): readonly ValidationError[] {
  return Object.entries(fields).flatMap(([name, { type, fits, optional, error }]): readonly ValidationError[] => {
    if (!Object.hasOwn(value, name)) {
      return optional ? [] : [{ ...ROOT, keyword: "required", params: { missingProperty: name } }];
    }
    const wrong = error ?? { keyword: "type", params: { type } };
    return fits(value[name]) ? [] : [{ instancePath: `/${name}`, ...wrong }];
  });
}
