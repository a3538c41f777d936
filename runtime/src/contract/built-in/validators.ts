import type { ValidationError, Validator } from "../method.js";

/** One field of a built-in message. */
interface Field {
  /** The JSON type that an issue names. */
  readonly type: string;
  readonly fits: (value: unknown) => boolean;
  readonly optional?: true;
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
  return Object.entries(fields).flatMap(([name, { type, fits, optional }]): readonly ValidationError[] => {
    if (!Object.hasOwn(value, name)) {
      return optional ? [] : [{ ...ROOT, keyword: "required", params: { missingProperty: name } }];
    }
    return fits(value[name]) ? [] : [{ instancePath: `/${name}`, keyword: "type", params: { type } }];
  });
}
