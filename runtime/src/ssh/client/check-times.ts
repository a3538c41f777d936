import { checkNumber, MAX_TIMEOUT } from "../../base/check-number.js";
import { errorMessage } from "../../base/error-message.js";
import { RpcError } from "../../contract/rpc-error.js";
import type { DialOptions } from "./dial-options.js";

/** Checks the times of a dial, over whichever transport. @throws RpcError BAD_REQUEST that names the option and its value */
export function checkTimes({ connectTimeout = 1, keepaliveInterval = 0, keepaliveCountMax = 0 }: DialOptions): void {
  try {
    checkNumber("connectTimeout", connectTimeout, 1, MAX_TIMEOUT);
    checkNumber("keepaliveInterval", keepaliveInterval, 0, MAX_TIMEOUT);
    checkNumber("keepaliveCountMax", keepaliveCountMax, 0);
  } catch (error) {
    throw new RpcError("BAD_REQUEST", errorMessage(error));
  }
}
