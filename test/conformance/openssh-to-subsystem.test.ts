import { describeOverOpenssh } from "./describe-openssh.js";
import { StockSshd } from "./openssh-setups.js";

const sshd = new StockSshd();
describeOverOpenssh("over the ssh program, to a subsystem of a stock sshd", sshd.overOpenssh, {
  ledger: "without a ledger",
  prepare: () => sshd.use(),
});
