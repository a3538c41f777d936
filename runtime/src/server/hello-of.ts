import { AGENT } from "../base/version.js";
import { BUILT_IN_API, HASHES } from "../contract/built-in/built-in-api.js";
import type { Api } from "../contract/method.js";
import type { Hello } from "../wire/hello.js";

/** The HELLO of a server of `api`, without its limits. It compares callbacks only where it has some. */
export function helloOf(
  { name, version, hash, callbacks = [] }: Api,
  ledger: Hello["ledger"] | undefined,
): Omit<Hello, "limits"> {
  const calls = callbacks.length === 0 ? [] : [...callbacks, HASHES];
  return {
    agent: AGENT,
    api: { name, version, hash },
    methods: calls.map(({ id }) => id),
    positions: true,
    ...(ledger !== undefined && { ledger: { id: ledger.id, keeps: ledger.keeps } }),
    builtIn: BUILT_IN_API.methods.map(({ id }) => id),
  };
}
