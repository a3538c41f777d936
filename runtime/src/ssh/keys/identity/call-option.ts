import { errorMessage } from "../../../base/error-message.js";

/** Calls a function of the options. @throws Error that names the option, where the function throws any value */
export async function callOption<T>(option: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new Error(`the option ${option} failed: ${errorMessage(error)}`, { cause: error });
  }
}
