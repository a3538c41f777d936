import { checkNumber } from "../../../base/check-number.js";
import { errorMessage } from "../../../base/error-message.js";
import type { Logger } from "../../../base/log.js";
import { MAX_TIMEOUT } from "../../../base/max-timeout.js";
import type { AuthMethod } from "../../../base/peer.js";
import type { KeySource, KeySourceConfig } from "../../keys/lists/key-lookup.js";
import { openKeySource } from "../../keys/lists/open-key-source.js";
import { RevokedKeys } from "../../keys/lists/revoked-keys.js";
import { UnknownScopes } from "../../keys/lists/unknown-scopes.js";
import { askPassword } from "./ask-password.js";
import type { AuthOptions } from "./auth-options.js";
import type { AuthenticationConfig } from "./authentication-config.js";
import { checkGrant } from "./check-grant.js";

/** How a server lets its peers in, with its lists open. Whoever opened it closes it. */
export interface OpenAuthentication {
  readonly config: AuthenticationConfig;
  /** What an operator should know, found at start, one line each. */
  readonly warnings: readonly string[];
  /** Calls `listener` when a list has changed, so that connections are looked at again. Gives what stops it. */
  readonly onChange: (listener: () => void) => () => void;
  /** Stops watching the lists. */
  readonly close: () => Promise<void>;
}

/** All scopes that methods ask for. Absent: they are not known. */
interface AskedScopes {
  readonly scopes?: readonly string[];
}

/** What has to be closed, and tells of changes. */
type Source = Pick<KeySource, "onChange" | "close"> & Partial<Pick<KeySource, "warnings">>;

/**
 * Opens the lists that options name.
 * @throws Error of one line that names the option or file at fault, and what to do
 */
export async function openAuthentication(options: AuthOptions & AskedScopes, log: Logger): Promise<OpenAuthentication> {
  const sources: Source[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(sources.map((source) => source.close()));
  };
  try {
    const config = await openConfig(options, log, sources);
    return {
      config,
      warnings: sources.flatMap(({ warnings = [] }) => warnings),
      onChange: (listener) => {
        const stops = sources.map((source) => source.onChange(listener));
        return () => stops.forEach((stop) => void stop());
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openConfig(
  options: AuthOptions & AskedScopes,
  log: Logger,
  sources: Source[],
): Promise<AuthenticationConfig> {
  const { verifyPassword, anonymous, keyboardInteractive = verifyPassword && askPassword(verifyPassword) } = options;
  checkFunction("verifyPassword", verifyPassword);
  checkFunction("keyboardInteractive", keyboardInteractive || undefined);
  if (typeof anonymous === "object") checkOption("anonymous", () => checkGrant(anonymous));
  const limits = {
    maxAuthTries: checkNumber("maxAuthTries", options.maxAuthTries ?? 6, 1),
    authTimeout: checkNumber("authTimeout", options.authTimeout ?? 10_000, 1, MAX_TIMEOUT),
    authFailureDelay: checkNumber("authFailureDelay", options.authFailureDelay ?? 300, 0, MAX_TIMEOUT),
    maxPromptRounds: checkNumber("maxPromptRounds", options.maxPromptRounds ?? 10, 1),
  };
  const unknownScopes = options.scopes && new UnknownScopes(options.scopes);
  const keys = await openKeys(options, { log, ...(unknownScopes && { unknownScopes }) }, sources);
  const revoked = await openRevoked(options.revokedKeys, log, sources);
  const config = {
    ...(keys && { publicKeys: { keys, ...(revoked && { revoked }) } }),
    ...(verifyPassword && { verifyPassword }),
    ...(keyboardInteractive && { questioning: keyboardInteractive }),
    ...(anonymous && { anonymous: typeof anonymous === "function" ? anonymous : () => anonymous }),
  };
  return {
    ...config,
    ...whichMethods(options.requiredMethods, config),
    ...limits,
    ...(unknownScopes && { unknownScopes }),
    log,
  };
}

function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") {
    throw new Error(`the option ${option} is of type ${typeof value}; it takes a function that decides`);
  }
}

function checkOption(option: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new Error(`the option ${option}: ${errorMessage(error)}`, { cause: error });
  }
}

type Ways = Pick<AuthenticationConfig, "publicKeys" | "verifyPassword" | "questioning" | "anonymous">;

function whichMethods(
  required: AuthOptions["requiredMethods"],
  { publicKeys, verifyPassword, questioning, anonymous }: Ways,
): Pick<AuthenticationConfig, "methods" | "allRequired"> {
  const possible: readonly [AuthMethod, unknown][] = [
    ["publickey", publicKeys],
    ["keyboard-interactive", questioning],
    ["password", verifyPassword],
    ["none", anonymous],
  ];
  const methods = possible.filter(([, way]) => way !== undefined).map(([method]) => method);
  if (methods.length === 0) {
    throw new Error(
      "the option authorizedKeys is missing: name a file that lists who may log in, or give certificateAuthorities, verifyPassword, keyboardInteractive or anonymous",
    );
  }
  if (required === undefined) return { methods, allRequired: false };
  const wrong = required.find(
    (method, at) => !methods.includes(method) || method === "none" || required.indexOf(method) !== at,
  );
  if (wrong !== undefined || required.length === 0) {
    const offered = methods.filter((method) => method !== "none").join(", ");
    throw new Error(
      `the option requiredMethods ${wrong === undefined ? "is empty" : `names ${wrong}`}; it takes each once of those that are configured: ${offered}`,
    );
  }
  return { methods: required, allRequired: true };
}

/** The keys that may log in, and the authorities whose certificates may; undefined where neither is listed. */
async function openKeys(
  { authorizedKeys, certificateAuthorities: authorities }: AuthOptions,
  config: KeySourceConfig,
  sources: Source[],
): Promise<Pick<KeySource, "lookup" | "authorities"> | undefined> {
  const keys = authorizedKeys === undefined ? undefined : await openKeySource(authorizedKeys, config);
  if (keys) sources.push(keys);
  if (authorities === undefined) return keys;
  const more = typeof authorities === "function" ? authorities : await openAuthorities(authorities, config, sources);
  return {
    lookup: (attempt) => keys?.lookup(attempt),
    authorities: async (attempt) => [...((await keys?.authorities(attempt)) ?? []), ...(await more(attempt))],
  };
}

/** Files and lines of authorities are read as authorized_keys: each key there, marked as one or not, is an authority. */
async function openAuthorities(
  from: Exclude<AuthOptions["certificateAuthorities"], undefined | KeySource["authorities"]>,
  config: KeySourceConfig,
  sources: Source[],
): Promise<KeySource["authorities"]> {
  const source = await openKeySource(from, config).catch((error: Error) => {
    throw new Error(`the option certificateAuthorities: ${error.message}`, { cause: error });
  });
  sources.push(source);
  return async (attempt) => {
    const answer = await source.lookup(attempt);
    const marked = await source.authorities(attempt);
    return answer === undefined || "deny" in answer ? marked : [...marked, answer];
  };
}

async function openRevoked(
  names: AuthOptions["revokedKeys"],
  log: Logger,
  sources: Source[],
): Promise<RevokedKeys | undefined> {
  const files = [names ?? []].flat();
  if (files.length === 0) return undefined;
  const revoked = await RevokedKeys.open(files, log);
  sources.push(revoked);
  return revoked;
}
