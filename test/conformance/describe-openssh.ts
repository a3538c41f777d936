import { afterAll, describe } from "vitest";
import { SSHD } from "../interop/sshd.js";
import { missingPrograms } from "../interop/stock.js";
import { describeEveryKind } from "./every-kind.js";
import { describeExactlyOnce } from "./exactly-once.js";
import { Matrix } from "./matrix.js";
import { describeResume } from "./resume.js";
import type { Start } from "./setups.js";
import { describeConformance } from "./suite.js";
import { describeUploads } from "./uploads.js";

interface OpensshSuite {
  /** A server that is started for each session has none. */
  readonly ledger: "with a ledger" | "without a ledger";
  readonly prepare?: () => void;
}

/** The whole suite over a transport that needs OpenSSH; `prepare` is called where OpenSSH is installed. */
export function describeOverOpenssh(name: string, start: Start, { prepare, ...server }: OpensshSuite): void {
  const missing = missingPrograms(["ssh", SSHD]);
  describe.skipIf(missing.length > 0)(`OpenSSH${missing.map((one) => ` (not installed: ${one})`)}`, () => {
    const matrix = new Matrix();
    prepare?.();
    describeConformance(name, start, { soak: false, cheap: false });
    describeEveryKind(name, start, matrix, { soak: false, grace: false, cheap: false });
    describeResume(name, start);
    describeUploads(name, start, server.ledger);
    if (server.ledger === "with a ledger") describeExactlyOnce(name, start);
    afterAll(() => {
      console.log(`${matrix}`);
    });
  });
}
