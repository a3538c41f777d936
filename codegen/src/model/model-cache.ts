import { Memo } from "../base/memo.js";
import type { Position } from "../base/problem.js";
import type { NamedType } from "./api-model.js";
import type { DerivedNames } from "./build-context.js";
import type { ResourceDraft } from "./build-resource.js";
import type { ExportedSchema } from "./hint.js";

/** What the model of a part depends on beside its source. */
export type Question =
  /** The version of the source. */
  | "version"
  /** Something that differs in each run. */
  | "run"
  /** The name of the type of a value, which becomes a type of the API; undefined for one without a name. */
  | { readonly nameOf: object; readonly copyOf?: ExportedSchema | undefined; readonly depth: number }
  /** The schema of a named type. */
  | { readonly schemaOf: string };

/** The model of one resource, and the names that it reserves. */
interface BuiltResource {
  readonly draft: ResourceDraft | undefined;
  readonly names: DerivedNames;
}

/** Parts of models of earlier runs. They are used again while their source is the same. */
export class ModelCache {
  readonly resources = new Memo<BuiltResource, Question>();
  readonly types = new Memo<NamedType, Question>();
  /** The positions of properties, by the objects that hold their schemas. */
  readonly fields = new WeakMap<object, Readonly<Record<string, Position>>>();
}
