import { parentPort } from "node:worker_threads";
import { errorMessage } from "../base/error-message.js";
import { Problems, SchemaProblem } from "../base/problem.js";
import { typescriptNaming } from "../emit/typescript/naming.js";
import type { ApiModel } from "../model/api-model.js";
import { buildApi } from "../model/build-api.js";
import { ModelCache } from "../model/model-cache.js";
import { combineRules } from "../model/names.js";
import { SchemaLoader } from "./load-schema.js";
import type { LoadRequest, WorkerMessage, WorkerTask } from "./messages.js";
import { updateOf } from "./model-update.js";

// The worker thread that runs a schema: process.exit() or an endless loop in it ends at most this
// thread. It stays warm between the runs of a watch.

/** The names that every target accepts. The rules of a new target's language are added here. */
const NAMING = combineRules([typescriptNaming]);

const post = (message: WorkerMessage): void => parentPort?.postMessage(message);
/** The loader of the last request, with its caches. */
let loader: SchemaLoader | undefined;
let loaded: string | undefined;
let cache = new ModelCache();
/** The last model that was sent. */
let last: ApiModel | undefined;
let isRunning = false;

function loaderFor(request: LoadRequest): SchemaLoader {
  const key = JSON.stringify(request);
  if (loader !== undefined && key === loaded) return loader;
  loaded = key;
  cache = new ModelCache();
  loader = new SchemaLoader(request, {
    onGraph: (graph) => post({ type: "graph", graph }),
    onRunning: (file) => post({ type: "running", file }),
  });
  return loader;
}

async function run({ request, hasLast }: WorkerTask): Promise<WorkerMessage> {
  isRunning = true;
  const current = loaderFor(request);
  try {
    const source = await current.load();
    const problems = new Problems();
    // Details are about all parts of one run.
    const model = buildApi(source, { rules: NAMING, problems, cache: request.details ? new ModelCache() : cache });
    problems.throwIfAny();
    if (model === undefined) throw new SchemaProblem([]);
    const update = updateOf(model, hasLast ? last : undefined);
    last = model;
    return { type: "model", update };
  } catch (error) {
    if (error instanceof SchemaProblem)
      return { type: "problems", problems: error.problems, reusable: current.isReusable };
    return { type: "fault", error: error instanceof Error ? error : new Error(errorMessage(error)) };
  } finally {
    isRunning = false;
  }
}

// A timer or a promise of the schema failed, while a module awaits something or after the run.
process.on("uncaughtException", (error) => {
  if (loader?.hasReported(error) === true) return;
  const problem = loader?.describe(error);
  if (problem === undefined) throw error;
  if (isRunning) post({ type: "problems", problems: [problem], reusable: false });
  else process.stderr.write(`${new SchemaProblem([problem]).message}, after the schema was loaded\n`);
});

parentPort?.on("message", (task: WorkerTask) => {
  void run(task).then(post);
});
