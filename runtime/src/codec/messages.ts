/** The message of an error of a validator: generated code holds none, because one text serves every schema. */
export function messageOf(keyword: string, params: Readonly<Record<string, unknown>>): string {
  const { limit } = params;
  switch (keyword) {
    case "type":
      return params["type"] === undefined ? keyword : `must be ${typesOf(params["type"])}`;
    case "minimum":
    case "maximum":
    case "exclusiveMinimum":
    case "exclusiveMaximum":
      return `must be ${params["comparison"]} ${limit}`;
    case "multipleOf":
      return `must be multiple of ${params["multipleOf"]}`;
    case "minLength":
    case "maxLength":
      return `${amount(keyword)} ${limit} characters`;
    case "minProperties":
    case "maxProperties":
      return `${amount(keyword)} ${limit} properties`;
    case "minItems":
    case "maxItems":
      return `${amount(keyword)} ${limit} items`;
    case "items":
    case "additionalItems":
    case "unevaluatedItems":
      return `must NOT have more than ${limit} items`;
    case "pattern":
    case "format":
      return `must match ${keyword} "${params[keyword]}"`;
    case "uniqueItems":
      return `must NOT have duplicate items (items ## ${params["j"]} and ${params["i"]} are identical)`;
    case "contains":
      return `must contain at least ${params["minContains"]}${most(params["maxContains"])} valid item(s)`;
    case "dependencies":
    case "dependentRequired": {
      const { depsCount, deps, property } = params;
      return `must have ${depsCount === 1 ? "property" : "properties"} ${deps} when property ${property} is present`;
    }
    case "anyOf":
      return "must match a schema in anyOf";
    case "oneOf":
      return "must match exactly one schema in oneOf";
    case "if":
      return `must match "${params["failingKeyword"]}" schema`;
    case "not":
      return "must NOT be valid";
    case "propertyNames":
      return "property name must be valid";
    case "false schema":
      return "boolean schema is false";
    default:
      return keyword;
  }
}

function amount(keyword: string): string {
  return `must NOT have ${keyword.startsWith("max") ? "more" : "fewer"} than`;
}

function most(max: unknown): string {
  return max === undefined ? "" : ` and no more than ${max}`;
}

function typesOf(type: unknown): string {
  return Array.isArray(type) ? `${type.slice(0, -1).join(", ")} or ${type.at(-1)}` : String(type);
}
