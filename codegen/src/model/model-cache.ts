import type { Segment } from "sshrpc/contract";
import { type Ask, Memo } from "../base/memo.js";
import type { Position, Problems } from "../base/problem.js";
import type { NamedType, ResourceModel } from "./api-model.js";
import type { ExportedSchema, SchemaPart } from "./hint.js";

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

/** A resource, with what the checks across resources need. */
export interface ResourceDraft {
  readonly model: ResourceModel;
  readonly at: Position;
  readonly pathAt: Position;
  readonly segments: readonly Segment[];
}

/** The result of building one resource. */
export interface BuiltResource {
  readonly draft: ResourceDraft | undefined;
  /** The names of types that it reserves, with the paths of these. */
  readonly reserved: ReadonlyMap<string, string>;
}

/** Parts of models of earlier runs. They are used again while their source is the same. */
export class ModelCache {
  readonly resources = new Memo<BuiltResource, Question>();
  readonly types = new Memo<NamedType, Question>();
  /** The positions of properties, by the objects that hold their schemas. */
  readonly fields = new WeakMap<object, Readonly<Record<string, Position>>>();
}

/** Asks for parts whose models are kept, also for parts inside each other: each question belongs to the innermost. */
export class PartRecorder {
  readonly #problems: Problems;
  readonly #answer: Ask<Question>;
  #ask: Ask<Question>;

  /** @param answer answers what the source of a part does not */
  constructor(problems: Problems, answer: Ask<Question>) {
    this.#problems = problems;
    this.#answer = answer;
    this.#ask = answer;
  }

  ask(question: Question): unknown {
    return this.#ask(question);
  }

  /**
   * What an earlier run has built of a part, if nothing that it depends on has changed; `build` otherwise.
   * @param use tells the results of one value apart
   */
  reuse<Built>(memo: Memo<Built, Question>, part: SchemaPart<object>, use: string, build: () => Built): Built {
    const { value, at, path } = part;
    const { origin, doc } = part.hint;
    const key = JSON.stringify([use, path, at, doc, origin?.offset]);
    const version = origin?.version ?? {};
    const answer: Ask<Question> = (question) => (question === "version" ? version : this.#answer(question));
    const outer = this.#ask;
    return memo.get(value, key, answer, (ask) => {
      ask("version");
      const { reported } = this.#problems;
      this.#ask = ask;
      const built = build();
      this.#ask = outer;
      // Each run reports the problem.
      if (this.#problems.reported !== reported) ask("run");
      return built;
    });
  }
}
