import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix, relative, sep } from "node:path";
import { promisify } from "node:util";
import { errorMessage } from "../../base/error-message.js";
import { InvalidOptionsError } from "../../base/invalid-options-error.js";
import { nearestModules } from "../../base/result-cache.js";
import { contractOf } from "../../emit/contract/contract-of.js";
import { parseContract } from "../compare/parse-contract.js";
import { loadModel } from "./load-model.js";
import type { Source, SourceOptions } from "./source.js";

/** Contracts and lists of files are smaller. */
const MAX_OUTPUT = 2 ** 28;

/**
 * The contract of a commit, `git:REF[:path]`: of a committed api.json where there is one, else of the schema, which runs in a temporary
 * checkout with the installed packages of today.
 * @throws InvalidOptionsError, SchemaProblem
 */
export async function gitSource(label: string, options: SourceOptions): Promise<Source> {
  const [ref = "", ...rest] = label.slice("git:".length).split(":");
  const repository = new Repository(options.cwd, label);
  const commit = await repository.commitOf(ref);
  const path = await repository.find(commit, candidatesFor(rest.join(":"), options));
  if (path.endsWith(".json")) {
    const contract = parseContract(await repository.run(["show", `${commit}:./${path}`]), label);
    return { label, contract, complete: true };
  }
  const folder = mkdtempSync(join(tmpdir(), "sshrpc-diff-"));
  try {
    const project = await repository.checkOut(commit, folder);
    linkModules(options.cwd, project);
    const model = await loadModel(join(project, path), project, options.loadTimeout);
    return { label, contract: contractOf(model), complete: true };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files to look for, in order. */
function candidatesFor(path: string, { cwd, schema, out }: SourceOptions): readonly string[] {
  if (/\.(json|[cm]?[jt]s)$/.test(path)) return [posix.normalize(path)];
  const inside = (file: string): string => posix.join(path, file);
  const configured = (file: string): string => relative(cwd, file).split(sep).join("/");
  const own = path === "" ? [posix.join(configured(out), "api.json"), configured(schema)] : [];
  return [...new Set([...own, ...["api.json", "generated/api.json", "schema/api.ts"].map(inside)])];
}

/** The repository around a folder. */
class Repository {
  readonly #cwd: string;
  readonly #label: string;

  constructor(cwd: string, label: string) {
    this.#cwd = cwd;
    this.#label = label;
  }

  async commitOf(ref: string): Promise<string> {
    if (ref === "" || ref.startsWith("-")) throw this.#invalid("invalid commit; use git:REF or git:REF:path");
    try {
      return (await this.run(["rev-parse", "--verify", "--quiet", `${ref}^{commit}`])).trim();
    } catch (error) {
      // A commit that is missing has no message.
      if (!(error instanceof Error) || !isExit(error.cause, 1)) throw error;
      const isShallow = await this.run(["rev-parse", "--is-shallow-repository"]).then((text) => text.trim() === "true");
      throw this.#invalid(
        isShallow
          ? "no such commit; the clone is shallow: `git fetch --unshallow`, or fetch-depth: 0 of actions/checkout, fetches all"
          : "no such commit; fetch it, or name a branch of a remote such as git:origin/main",
      );
    }
  }

  /** The first of `paths` that the commit has. */
  async find(commit: string, paths: readonly string[]): Promise<string> {
    for (const path of paths) {
      const isFile = await this.run(["cat-file", "-t", `${commit}:./${path}`]).then(
        (type) => type.trim() === "blob",
        () => false,
      );
      if (isFile) return path;
    }
    throw this.#invalid(`the commit has no ${paths.join(", ")} (relative to the current folder)`);
  }

  /** Writes the files of a commit to `folder`, without a change of the repository. @returns the path of the project in it */
  async checkOut(commit: string, folder: string): Promise<string> {
    const env = { ...process.env, GIT_INDEX_FILE: join(folder, "index") };
    const prefix = (await this.run(["rev-parse", "--show-prefix"])).trim();
    const root = (await this.run(["rev-parse", "--show-toplevel"])).trim();
    await this.run(["-C", root, "read-tree", commit], env);
    await this.run(["-C", root, "checkout-index", "--all", "--quiet", `--prefix=${join(folder, "tree")}/`], env);
    return join(folder, "tree", prefix);
  }

  async run(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
    try {
      const { stdout } = await promisify(execFile)("git", [...args], { cwd: this.#cwd, env, maxBuffer: MAX_OUTPUT });
      return stdout;
    } catch (error) {
      const { stderr, code } = error as { readonly stderr?: string; readonly code?: unknown };
      if (code === "ENOENT") throw this.#invalid("the program git is required, and was not found in PATH");
      const [reason] = (stderr || errorMessage(error)).trim().split("\n");
      throw new InvalidOptionsError(`${this.#label}: git: ${reason}`, { cause: error });
    }
  }

  #invalid(problem: string): InvalidOptionsError {
    return new InvalidOptionsError(`${this.#label}: ${problem}`);
  }
}

function isExit(error: unknown, status: number): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === status;
}

/** The schema imports the packages that are installed now. */
function linkModules(cwd: string, project: string): void {
  if (existsSync(join(project, "node_modules"))) return;
  try {
    symlinkSync(nearestModules(cwd), join(project, "node_modules"), "junction");
  } catch {
    // A schema without packages needs none; another names the package that it misses.
  }
}
