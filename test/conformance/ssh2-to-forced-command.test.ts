import { describeOverOpenssh } from "./describe-openssh.js";
import { StockSshd } from "./openssh-setups.js";

const sshd = new StockSshd();
describeOverOpenssh("over SSH, to a forced command of a stock sshd", sshd.overSsh2, {
  ledger: "without a ledger",
  prepare: () => sshd.use(),
});
