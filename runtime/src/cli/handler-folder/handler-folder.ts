import { RpcError } from "../../contract/rpc-error.js";
import type { AnyHandler, ApiHandlers } from "../../server/api-handlers.js";
import { type FolderOptions, loadModules } from "./load-modules.js";

/**
 * The handlers of the modules of a folder. Each call runs the handler that is the present one when it begins, so the modules can be loaded
 * again while calls run.
 */
export class HandlerFolder {
  readonly #options: FolderOptions;
  #handlers: ReadonlyMap<string, AnyHandler> = new Map();
  #problems: readonly string[] = [];
  #hash: string | undefined;

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  /** The problems that `keepGoing` has left at the last load, one a line. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /**
   * Loads the modules.
   * @returns handlers of all methods; those without a handler in a module respond UNIMPLEMENTED
   * @throws Error that lists all problems
   */
  async load(): Promise<ApiHandlers> {
    const { api, handlers, problems } = await loadModules(this.#options);
    this.#hash = api.hash;
    this.#handlers = handlers;
    this.#problems = problems;
    const entries = api.methods.map(({ id }): [string, AnyHandler] => [id, (...args) => this.#find(id)(...args)]);
    return { api, handlers: new Map(entries) };
  }

  /**
   * Loads the modules again, also TypeScript files that they import. Running calls finish on the old ones.
   * @throws Error that lists all problems; then the old modules stay
   */
  async reload(): Promise<void> {
    const { api, handlers, problems } = await loadModules({ ...this.#options, isFresh: true });
    if (api.hash !== this.#hash) throw new Error("the contract has changed: restart the server");
    this.#handlers = handlers;
    this.#problems = problems;
  }

  #find(id: string): AnyHandler {
    const handler = this.#handlers.get(id);
    if (handler === undefined) throw new RpcError("UNIMPLEMENTED", `${id} has no handler`);
    return handler;
  }
}
