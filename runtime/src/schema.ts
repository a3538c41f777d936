/** `sshrpc/schema`: for schema files. */
export { Bytes } from "./contract/bytes.js";
export {
  type ApiSchema,
  defineApi,
  defineResources,
  type MethodSchema,
  type ResourceSchema,
} from "./contract/define-api.js";
