import type { Problem } from "../base/problem.js";
import type { ModelUpdate } from "./model-update.js";
import type { SourceGraph } from "./source/source-graph.js";

/** A request to the worker thread: to load a schema. */
export interface LoadRequest {
  /** The absolute path of the schema. */
  readonly entry: string;
  /** The directory to which paths in messages are relative. */
  readonly cwd: string;
  /** The time limit for running the modules, in ms. */
  readonly timeout: number;
  /** Whether the model has details, for the linter. */
  readonly details: boolean;
}

/** What the worker thread is sent. */
export interface WorkerTask {
  readonly request: LoadRequest;
  /** Whether the sender has the last model of this thread, so that its changes are enough. */
  readonly hasLast: boolean;
}

/** What the worker thread reports. It answers each request with `model`, `problems` or `fault`. */
export type WorkerMessage =
  /** The files of the schema, before any of them runs. */
  | { readonly type: "graph"; readonly graph: SourceGraph }
  /** A module begins to run; undefined when all have run. */
  | { readonly type: "running"; readonly file: string | undefined }
  | { readonly type: "model"; readonly update: ModelUpdate }
  | { readonly type: "problems"; readonly problems: readonly Problem[]; readonly reusable: boolean }
  /** An error of the generator itself. */
  | { readonly type: "fault"; readonly error: Error };
