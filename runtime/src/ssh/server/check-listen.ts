import { checkNumber, MAX_TIMEOUT } from "../../base/check-number.js";
import { guardConfig } from "../admission/guard-config.js";
import { serverAlgorithms } from "../algorithms.js";
import { loadHostKeys } from "../keys/identity/host-key.js";
import type { HostKeySource } from "../keys/identity/host-key-source.js";
import type { AuthOptions } from "./auth/auth-options.js";
import { openAuthentication } from "./auth/open-authentication.js";
import { forwardingRules } from "./forwarding/forwarding-rules.js";
import { LISTEN_DEFAULTS } from "./listen.js";
import type { ListenOptions } from "./listen-options.js";

/** Options of `listen`, of which those that name keys may be absent: they are not checked then. */
type CheckedListenOptions = Partial<Omit<ListenOptions, "observer" | "accounts" | "ident">>;

/** A part of the options, or of the files that they name, which can be wrong by itself. */
export interface OptionCheck<Options> {
  /** The option that it is about, where it is about one. */
  readonly option?: string;
  /** @throws OptionError, or Error of one line with the file at fault */
  readonly run: (options: Options) => unknown;
}

/**
 * The checks of what `listen` takes: those of numbers and names, and one for each file. They read files, and open no port.
 * @param warn gets what a server warns of at its start
 */
export function listenChecks(
  options: CheckedListenOptions,
  warn: (message: string) => void,
): readonly OptionCheck<CheckedListenOptions>[] {
  const hostKeys = options.hostKeys === undefined ? [] : ([options.hostKeys].flat() as readonly HostKeySource[]);
  const usable = { hostKeys: [] as HostKeySource[], authorizedKeys: [] as string[] };
  return [
    { run: ({ port = 0 }) => checkNumber("port", port, 0, 65_535) },
    { run: guardConfig },
    { run: ({ algorithms }) => serverAlgorithms(algorithms) },
    { run: ({ maxChannels = LISTEN_DEFAULTS.maxChannels }) => checkNumber("maxChannels", maxChannels, 1) },
    {
      run: ({ sessionTimeout = LISTEN_DEFAULTS.sessionTimeout }) =>
        checkNumber("sessionTimeout", sessionTimeout, 1, MAX_TIMEOUT),
    },
    { run: ({ forwarding }) => forwardingRules(forwarding) },
    ...hostKeys.map((key) => ({
      option: "hostKeys",
      run: async () => {
        await loadHostKeys(key);
        usable.hostKeys.push(key);
      },
    })),
    { option: "hostKeys", run: () => usable.hostKeys.length > 1 && loadHostKeys(usable.hostKeys) },
    ...filesOf(options.authorizedKeys).map((file) => ({
      option: "authorizedKeys",
      run: async () => {
        await openAndClose({ authorizedKeys: file });
        usable.authorizedKeys.push(file);
      },
    })),
    ...(["certificateAuthorities", "revokedKeys"] as const).flatMap((option) =>
      filesOf(options[option]).map((file) => ({
        option,
        run: () => openAndClose({ authorizedKeys: NO_KEY, [option]: file }),
      })),
    ),
    {
      option: "authorizedKeys",
      run: async (given) => {
        const { revokedKeys: _, certificateAuthorities, authorizedKeys, ...others } = given;
        const isRead = filesOf(authorizedKeys).length === 0;
        const keys = isRead ? authorizedKeys : usable.authorizedKeys.length > 0 ? usable.authorizedKeys : NO_KEY;
        const authorities = filesOf(certificateAuthorities).length > 0 ? NO_KEY : certificateAuthorities;
        const { scopes } = options;
        const warnings = await openAndClose({
          ...others,
          ...(keys !== undefined && { authorizedKeys: keys }),
          ...(authorities !== undefined && { certificateAuthorities: authorities as () => [] }),
          ...(scopes !== undefined && { scopes }),
        });
        for (const warning of warnings) warn(warning);
      },
    },
  ];
}

/** In place of files that were read by themselves. */
const NO_KEY = (): undefined => undefined;

function filesOf(source: unknown): readonly string[] {
  return [source].flat().filter((one) => typeof one === "string");
}

async function openAndClose(
  options: AuthOptions & { readonly scopes?: readonly string[] },
): Promise<readonly string[]> {
  const { warnings, close } = await openAuthentication(options, {});
  await close();
  return warnings;
}
