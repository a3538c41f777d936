import { checkNumber, MAX_TIMEOUT } from "../../../base/check-number.js";
import { OptionError } from "../../../base/check-options.js";
import { errorMessage } from "../../../base/error-message.js";
import type { ListedKeys, Observer } from "../../../base/observer/observer.js";
import type { AuthMethod } from "../../../base/peer.js";
import { printable } from "../../../base/printable.js";
import { wrongType } from "../../../base/wrong-type.js";
import type { KeyGrant, KeySource, KeySourceConfig } from "../../keys/lists/key-lookup.js";
import { openKeySource } from "../../keys/lists/open-key-source.js";
import { RevokedKeys } from "../../keys/lists/revoked-keys.js";
import { UnknownScopes } from "../../keys/lists/unknown-scopes.js";
import type { AuthOptions } from "./auth-options.js";
import type { AuthenticationConfig } from "./authentication-config.js";
import { promptForPassword } from "./keyboard-interactive.js";
import { checkGrant } from "./login-grant.js";

/** What the options configure; `listen` adds the accounts. */
type ListedAuthentication = Omit<AuthenticationConfig, "accounts">;

/** The authentication of a server, with its key lists open. The opener closes it. */
interface OpenAuthentication {
  readonly config: ListedAuthentication;
  /** Warnings for the operator, found at start, one line each. */
  readonly warnings: readonly string[];
  /** The keys that are listed, with those of authorities; undefined where a function decides. */
  readonly listedKeys: () => ListedKeys | undefined;
  /** Calls `listener` when a list has changed, so that connections are reauthorized. Returns the function that stops it. */
  readonly onChange: (listener: () => void) => () => void;
  /** Reads lists again that have changed. */
  readonly refresh: () => Promise<void>;
  /** Stops watching the lists. */
  readonly close: () => Promise<void>;
}

/** All scopes that methods require. Absent where they are unknown. */
interface RequiredScopes {
  readonly scopes?: readonly string[];
}

/** The defaults of the limits in {@link AuthOptions}; times in milliseconds. */
export const AUTH_DEFAULTS = {
  maxAuthTries: 6,
  authTimeout: 10_000,
  authFailureDelay: 300,
  maxPromptRounds: 10,
} as const;

/** A list that is watched and must be closed. */
type Source = Pick<KeySource, "onChange" | "refresh" | "close"> & Partial<Pick<KeySource, "warnings" | "grants">>;

/**
 * Opens the key lists of the options.
 * @throws OptionError of one line with the option or file at fault, and the fix
 */
export async function openAuthentication(
  options: AuthOptions & RequiredScopes,
  observer: Observer,
): Promise<OpenAuthentication> {
  const sources: Source[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(sources.map((source) => source.close()));
  };
  try {
    const config = await openConfig(options, observer, sources);
    return {
      config,
      warnings: sources.flatMap(({ warnings = [] }) => warnings),
      listedKeys: () => listedKeys(sources.flatMap(({ grants }) => (grants === undefined ? [] : [grants]))),
      onChange: (listener) => {
        const stops = sources.map((source) => source.onChange(listener));
        return () => stops.forEach((stop) => void stop());
      },
      refresh: async () => {
        await Promise.all(sources.map((source) => source.refresh()));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function listedKeys(lists: readonly (readonly KeyGrant[])[]): ListedKeys | undefined {
  if (lists.length === 0) return undefined;
  const grants = lists.flat();
  const now = Date.now();
  const next = grants.reduce(
    (least, { expires = Number.POSITIVE_INFINITY }) => (expires > now ? Math.min(least, expires) : least),
    Number.POSITIVE_INFINITY,
  );
  return { count: grants.length, nextExpiry: Number.isFinite(next) ? next : undefined };
}

async function openConfig(
  options: AuthOptions & RequiredScopes,
  observer: Observer,
  sources: Source[],
): Promise<ListedAuthentication> {
  const {
    verifyPassword,
    anonymous,
    keyboardInteractive = verifyPassword && promptForPassword(verifyPassword),
  } = options;
  checkFunction("verifyPassword", verifyPassword);
  checkFunction("keyboardInteractive", keyboardInteractive || undefined);
  if (typeof anonymous === "object") checkOption("anonymous", () => checkGrant(anonymous));
  const limits = {
    maxAuthTries: checkNumber("maxAuthTries", options.maxAuthTries ?? AUTH_DEFAULTS.maxAuthTries, 1),
    authTimeout: checkNumber("authTimeout", options.authTimeout ?? AUTH_DEFAULTS.authTimeout, 1, MAX_TIMEOUT),
    authFailureDelay: checkNumber(
      "authFailureDelay",
      options.authFailureDelay ?? AUTH_DEFAULTS.authFailureDelay,
      0,
      MAX_TIMEOUT,
    ),
    maxPromptRounds: checkNumber("maxPromptRounds", options.maxPromptRounds ?? AUTH_DEFAULTS.maxPromptRounds, 1),
  };
  const unknownScopes = options.scopes && new UnknownScopes(options.scopes);
  const keys = await openKeys(options, { observer, ...(unknownScopes && { unknownScopes }) }, sources);
  const revoked = await openRevoked(options.revokedKeys, observer, sources);
  const config = {
    ...(keys && { publicKeys: { keys, ...(revoked && { revoked }) } }),
    ...(verifyPassword && { verifyPassword }),
    ...(keyboardInteractive && { keyboardInteractive }),
    ...(anonymous && { anonymous: typeof anonymous === "function" ? anonymous : () => anonymous }),
  };
  return {
    ...config,
    ...selectMethods(options.requiredMethods, config),
    ...limits,
    ...(unknownScopes && { unknownScopes }),
    observer,
  };
}

function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") {
    throw new OptionError(`option ${option}: ${wrongType(value, "a function")}`);
  }
}

function checkOption(option: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new OptionError(`option ${option}: ${errorMessage(error)}`, { cause: error });
  }
}

type ConfiguredMethods = Pick<
  AuthenticationConfig,
  "publicKeys" | "verifyPassword" | "keyboardInteractive" | "anonymous"
>;

function selectMethods(
  required: AuthOptions["requiredMethods"],
  { publicKeys, verifyPassword, keyboardInteractive, anonymous }: ConfiguredMethods,
): Pick<AuthenticationConfig, "methods" | "allRequired"> {
  const possible: readonly [AuthMethod, unknown][] = [
    ["publickey", publicKeys],
    ["keyboard-interactive", keyboardInteractive],
    ["password", verifyPassword],
    ["none", anonymous],
  ];
  const methods = possible.filter(([, config]) => config !== undefined).map(([method]) => method);
  if (methods.length === 0) {
    throw new OptionError(
      "the option authorizedKeys is missing: name an authorized_keys file, or set certificateAuthorities, verifyPassword, keyboardInteractive or anonymous",
    );
  }
  if (required === undefined) return { methods, allRequired: false };
  const wrong = required.find(
    (method, index) => !methods.includes(method) || method === "none" || required.indexOf(method) !== index,
  );
  if (wrong !== undefined || required.length === 0) {
    const offered = methods.filter((method) => method !== "none").join(", ");
    throw new OptionError(
      `option requiredMethods: ${wrong === undefined ? "empty list" : `unknown, unconfigured or repeated method ${printable(String(wrong), 60)}`}; configured methods: ${offered}`,
    );
  }
  return { methods: required, allRequired: true };
}

/** The authorized keys and certificate authorities; undefined where neither is configured. */
async function openKeys(
  { authorizedKeys, certificateAuthorities: authorities }: AuthOptions,
  config: KeySourceConfig,
  sources: Source[],
): Promise<Pick<KeySource, "lookup" | "authorities"> | undefined> {
  const keys = authorizedKeys === undefined ? undefined : await openKeySource(authorizedKeys, config);
  if (keys) sources.push(keys);
  if (authorities === undefined) return keys;
  const listed = typeof authorities === "function" ? authorities : await openAuthorities(authorities, config, sources);
  return {
    lookup: (attempt) => keys?.lookup(attempt),
    authorities: async (attempt) => [...((await keys?.authorities(attempt)) ?? []), ...(await listed(attempt))],
  };
}

/** Reads files or lines of authorities as authorized_keys: every key is an authority, with or without `cert-authority`. */
async function openAuthorities(
  source: Exclude<AuthOptions["certificateAuthorities"], undefined | KeySource["authorities"]>,
  config: KeySourceConfig,
  sources: Source[],
): Promise<KeySource["authorities"]> {
  const keys = await openKeySource(source, config, "certificateAuthorities").catch((error: unknown) => {
    // The message of lines begins with the name of the option, that of files with the name of the file.
    const isNamed = typeof source === "object" && "lines" in source;
    const message = `option ${isNamed ? "" : "certificateAuthorities: "}${errorMessage(error)}`;
    throw new OptionError(message, { cause: error });
  });
  sources.push(keys);
  return async (attempt) => {
    const answer = await keys.lookup(attempt);
    const marked = await keys.authorities(attempt);
    return answer === undefined || "deny" in answer ? marked : [...marked, answer];
  };
}

async function openRevoked(
  names: AuthOptions["revokedKeys"],
  observer: Observer,
  sources: Source[],
): Promise<RevokedKeys | undefined> {
  const files = [names ?? []].flat();
  if (files.length === 0) return undefined;
  const revoked = await RevokedKeys.open(files, observer);
  sources.push(revoked);
  return revoked;
}
