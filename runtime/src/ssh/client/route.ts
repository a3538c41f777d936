import { errorMessage } from "../../base/error-message.js";
import { checkFileName } from "../../base/printable.js";
import { SshError } from "../ssh-error.js";
import { type Address, parseAddress, type Target, toTarget } from "../target.js";
import type { DialOptions } from "./dial-options.js";
import { type HostConfig, hasSshConfig, readSshConfig } from "./ssh-config.js";
import { parsePins } from "./trust/host-pins.js";

/** One host of a route, with its options, and its settings of ~/.ssh/config. */
export interface Hop {
  readonly target: Target;
  readonly options: DialOptions;
  /** The settings of ~/.ssh/config; options take precedence. Its files may be missing. */
  readonly config: HostConfig;
}

/** A longer route is taken for a loop of ProxyJump. */
export const MAX_HOPS = 8;

/** The addresses of the option `jump`; undefined without it. Throws as {@link parseAddress} does. */
export function parseJumps(jump: DialOptions["jump"]): readonly Address[] | undefined {
  return jump === undefined ? undefined : [jump].flat().map((text) => parseAddress(text));
}

/**
 * The jump hosts on the route to `address`, in order, and `address` itself.
 * @throws SshError `unavailable` where ~/.ssh/config cannot be applied
 */
export async function planRoute(address: Address, options: DialOptions, signal?: AbortSignal): Promise<readonly Hop[]> {
  return plan({ address, options, jumps: parseJumps(options.jump), depth: 1, signal });
}

/** A host to plan the route to. */
interface Destination {
  readonly address: Address;
  readonly options: DialOptions;
  /** Undefined: ProxyJump of ~/.ssh/config applies. */
  readonly jumps: readonly Address[] | undefined;
  readonly depth: number;
  readonly signal: AbortSignal | undefined;
}

async function plan(destination: Destination): Promise<readonly Hop[]> {
  const { address, options, jumps: given, depth, signal } = destination;
  const { sshConfig = hasSshConfig() } = options;
  const file = typeof sshConfig === "string" ? checkConfigName(sshConfig) : undefined;
  const required = options.sshConfig !== undefined;
  const all = sshConfig === false ? {} : await readSshConfig(address, { file, required, signal });
  // As in ssh: a jump host, also none, takes the place of a ProxyCommand.
  const { proxyCommand: _command, ...others } = all;
  const config = depth === 1 && given !== undefined ? others : all;
  const jumps = given ?? config.jump?.map((text) => parseAddress(text)) ?? [];
  if (depth + jumps.length > MAX_HOPS) {
    throw new SshError(
      "unavailable",
      `the route to ${address.host} has more than ${MAX_HOPS} hosts: does ProxyJump form a loop?`,
    );
  }
  const jumpOptions = optionsForJump(options);
  const hops: Hop[] = [];
  for (const [index, jump] of jumps.entries()) {
    // As in ssh: ProxyJump applies to the first jump host too; from there, connections are direct.
    const more = index === 0 && given === undefined ? undefined : [];
    hops.push(...(await plan({ address: jump, options: jumpOptions, jumps: more, depth: depth + 1, signal })));
  }
  return [...hops, { target: toTarget({ ...address, ...config }), options, config }];
}

function checkConfigName(file: string): string {
  try {
    return checkFileName(file, "sshConfig");
  } catch (error) {
    throw new SshError("bad-request", errorMessage(error), { cause: error });
  }
}

/** Jump hosts do not get the options that are for the target alone: its password, pinned host keys and alias. */
function optionsForJump(options: DialOptions): DialOptions {
  const { password, hostKey, hostKeyAlias: _alias, jump: _jump, ...rest } = options;
  return {
    ...rest,
    ...(typeof password === "function" && { password }),
    ...(isPolicy(hostKey) && { hostKey }),
  };
}

/** The pinned fingerprints of the option `hostKey`; undefined where it is a policy. Throws as {@link parsePins} does. */
export function pinsOf(hostKey: DialOptions["hostKey"]): readonly string[] | undefined {
  return isPolicy(hostKey) ? undefined : parsePins([hostKey].flat() as string[]);
}

function isPolicy(hostKey: DialOptions["hostKey"]): boolean {
  return hostKey === undefined || hostKey === "strict" || hostKey === "accept-new" || typeof hostKey === "function";
}
