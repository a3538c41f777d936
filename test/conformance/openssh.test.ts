import { afterAll, beforeAll, describe } from "vitest";
import { SSHD } from "../interop/sshd.js";
import { missingPrograms } from "../interop/stock.js";
import { describeEveryKind } from "./every-kind.js";
import { Matrix } from "./matrix.js";
import { ownOverOpenssh, StockSshd } from "./openssh-setups.js";
import { describeConformance } from "./suite.js";

const missing = missingPrograms(["ssh", SSHD]);

describe.skipIf(missing.length > 0)(`with OpenSSH${missing.map((name) => ` (not installed: ${name})`)}`, () => {
  const sshd = new StockSshd();
  const matrix = new Matrix();

  beforeAll(() => sshd.start());
  afterAll(() => sshd.end());

  for (const [name, start] of [
    ["over the ssh program, to a subsystem of a stock sshd", sshd.overOpenssh],
    ["over the ssh program, to a server of ours", ownOverOpenssh],
    ["over SSH, to a forced command of a stock sshd", sshd.overSsh2],
  ] as const) {
    describeConformance(name, start, { soak: false });
    describeEveryKind(name, start, matrix, { soak: false });
  }

  afterAll(() => {
    console.log(`${matrix}`);
  });
});
