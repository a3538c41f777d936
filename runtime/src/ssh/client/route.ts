import { errorMessage } from "../../base/error-message.js";
import { checkFileName } from "../../base/printable.js";
import { RpcError } from "../../contract/rpc-error.js";
import { type Address, parseAddress, type Target, toTarget } from "../target.js";
import type { DialOptions } from "./dial-options.js";
import { type HostConfig, hasSshConfig, readSshConfig } from "./ssh-config.js";
import { parsePins } from "./trust/host-pins.js";

/** One host on the way, with what is good for it: of the options, and of ~/.ssh/config where they say nothing. */
export interface Hop {
  readonly target: Target;
  readonly options: DialOptions;
  /** What ~/.ssh/config adds: files that may be missing. */
  readonly config: HostConfig;
}

/** More than that is a circle. */
const MAX_HOPS = 8;

/** The addresses of the option `jump`; undefined where that is not given. Throws as {@link parseAddress} does. */
export function parseJumps(jump: DialOptions["jump"]): readonly Address[] | undefined {
  return jump === undefined ? undefined : [jump].flat().map((text) => parseAddress(text));
}

/**
 * The hosts on the way to `address`, itself last.
 * @throws RpcError UNAVAILABLE, where ~/.ssh/config cannot be followed
 */
export async function planRoute(address: Address, options: DialOptions, signal?: AbortSignal): Promise<readonly Hop[]> {
  return plan(address, options, parseJumps(options.jump), 1, signal);
}

async function plan(
  address: Address,
  options: DialOptions,
  given: readonly Address[] | undefined,
  depth: number,
  signal: AbortSignal | undefined,
): Promise<readonly Hop[]> {
  const { sshConfig = hasSshConfig() } = options;
  const file = typeof sshConfig === "string" ? checkConfigName(sshConfig) : undefined;
  const required = options.sshConfig !== undefined;
  const config = sshConfig === false ? {} : await readSshConfig(address, file, required, signal);
  const jumps = given ?? config.jump?.map((text) => parseAddress(text)) ?? [];
  if (depth + jumps.length > MAX_HOPS) {
    throw new RpcError(
      "UNAVAILABLE",
      `the way to ${address.host} leads over more than ${MAX_HOPS} hosts: is it a circle?`,
    );
  }
  const through = forJump(options);
  const hops: Hop[] = [];
  for (const [index, jump] of jumps.entries()) {
    // As ssh has it: the way to the first one may be configured, too; from there it goes straight on.
    hops.push(...(await plan(jump, through, index === 0 && given === undefined ? undefined : [], depth + 1, signal)));
  }
  return [...hops, { target: toTarget({ ...address, ...config }), options, config }];
}

function checkConfigName(file: string): string {
  try {
    return checkFileName(file, "sshConfig");
  } catch (error) {
    throw new RpcError("BAD_REQUEST", errorMessage(error), { cause: error });
  }
}

/** What is meant for the target alone is no business of the hosts on the way. */
function forJump(options: DialOptions): DialOptions {
  const { password, hostKey, hostKeyAlias: _alias, jump: _jump, ...rest } = options;
  return {
    ...rest,
    ...(typeof password === "function" && { password }),
    ...(isPolicy(hostKey) && { hostKey }),
  };
}

/** Checks the option `hostKey`: what is no policy has to be fingerprints. Throws as {@link parsePins} does. */
export function pinsOf(hostKey: DialOptions["hostKey"]): readonly string[] | undefined {
  return isPolicy(hostKey) ? undefined : parsePins([hostKey].flat() as string[]);
}

function isPolicy(hostKey: DialOptions["hostKey"]): boolean {
  return hostKey === undefined || hostKey === "strict" || hostKey === "accept-new" || typeof hostKey === "function";
}
