import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The folders of tests, from those whose files take longest. */
const FOLDERS = "chaos package conformance docs interop faults golden examples layers unit".split(" ");

/** Starts long files first, so that none runs alone at the end of a run. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number =>
      FOLDERS.indexOf(relative(import.meta.dirname, moduleId).split("/")[0] as string);
    // Within a folder, in the order of vitest: failed before, long before, large.
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
