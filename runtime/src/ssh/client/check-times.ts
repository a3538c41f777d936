import { checkNumber, MAX_TIMEOUT } from "../../base/check-number.js";
import { errorMessage } from "../../base/error-message.js";
import { SshError } from "../ssh-error.js";
import type { DialOptions } from "./dial-options.js";

/** Checks the durations of a connection, for every transport. @throws SshError `bad-request` with the option and its value */
export function checkTimes({ connectTimeout = 1, keepaliveInterval = 0, keepaliveCountMax = 0 }: DialOptions): void {
  try {
    checkNumber("connectTimeout", connectTimeout, 1, MAX_TIMEOUT);
    checkNumber("keepaliveInterval", keepaliveInterval, 0, MAX_TIMEOUT);
    checkNumber("keepaliveCountMax", keepaliveCountMax, 0);
  } catch (error) {
    throw new SshError("bad-request", errorMessage(error));
  }
}
