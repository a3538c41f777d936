// What a mutation run has found so far, in coverage/mutation/: a run that was interrupted goes on where it ended.
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Files that no test reads and no program loads. */
const UNUSED = /^(?:\.changeset\/|api\/|bench\/|(?:ARCHITECTURE|CHANGELOG|CONTRIBUTING|DECISIONS)\.md$)/;

/** The results for one state of the repository's files, and one choice of tests. Any change of a file that tests use starts anew. */
export class MutationState {
  #map;
  #outcomes;
  /** By mutant. */
  #known = new Map();

  constructor(root, files, tests) {
    const hash = createHash("sha256").update(JSON.stringify(tests));
    for (const file of files.filter((one) => !UNUSED.test(one)))
      hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
    const folder = join(root, "coverage/mutation", hash.digest("hex").slice(0, 16));
    mkdirSync(folder, { recursive: true });
    this.#map = join(folder, "map.json");
    this.#outcomes = join(folder, "outcomes.jsonl");
    if (!existsSync(this.#outcomes)) return;
    // The last line may be incomplete: the run was killed while it wrote.
    for (const line of readFileSync(this.#outcomes, "utf8").split("\n").slice(0, -1)) {
      const { id, outcome } = JSON.parse(line);
      this.#known.set(id, outcome);
    }
  }

  /** The map of an earlier run, or the one that `make` returns. */
  async map(make) {
    if (existsSync(this.#map)) return JSON.parse(readFileSync(this.#map, "utf8"));
    const map = await make();
    writeFileSync(this.#map, JSON.stringify(map));
    return map;
  }

  /** The outcome of an earlier run, or the one that `judge` returns; null for a mutant that does not compile. */
  async outcome({ file, start, end, text }, judge) {
    const id = `${file}:${start}:${end}:${text}`;
    if (this.#known.has(id)) return this.#known.get(id);
    const outcome = (await judge()) ?? null;
    appendFileSync(this.#outcomes, `${JSON.stringify({ id, outcome })}\n`);
    return outcome;
  }
}
