import { readFileSync } from "node:fs";
import { displayPath } from "../base/display-path.js";
import { SchemaThread } from "../load/schema-thread.js";
import type { LintConfig } from "./lint-config.js";
import { type LintFinding, lintModel } from "./lint-model.js";

/** The schema to lint. */
interface LintRequest {
  /** Absolute. */
  readonly schema: string;
  /** The directory to which paths in findings are relative. */
  readonly cwd: string;
  /** The time limit for running the schema, in ms. */
  readonly timeout: number;
}

/** Loads a schema, and runs the rules. @throws SchemaProblem with what `sshrpc gen` would refuse */
export async function runLint(
  { schema, cwd, timeout }: LintRequest,
  config: LintConfig,
): Promise<readonly LintFinding[]> {
  const thread = new SchemaThread({ entry: schema, cwd, timeout, details: true });
  try {
    const model = await thread.load();
    const texts = thread.graph.files.map((file) => [displayPath(file, cwd), readFileSync(file, "utf8")] as const);
    return await lintModel(model, new Map(texts), config);
  } finally {
    await thread.close();
  }
}
