import { describeOverOpenssh } from "./describe-openssh.js";
import { ownOverOpenssh } from "./openssh-setups.js";

describeOverOpenssh("over the ssh program, to a server of this package", ownOverOpenssh, { ledger: "with a ledger" });
