import { SchemaThread } from "../../load/schema-thread.js";
import type { ApiModel } from "../../model/api-model.js";

/**
 * Runs a schema.
 * @param cwd the directory to which paths in messages are relative
 * @throws SchemaProblem with every problem of the schema
 */
export async function loadModel(entry: string, cwd: string, timeout: number): Promise<ApiModel> {
  const thread = new SchemaThread({ entry, cwd, timeout, details: false });
  try {
    return await thread.load();
  } finally {
    await thread.close();
  }
}
