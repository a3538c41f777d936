import { RpcError } from "../contract/rpc-error.js";
import { printable } from "../ssh/printable.js";
import { SUBSYSTEM } from "../ssh/subsystem.js";
import type { Destination } from "./destination.js";
import type { OpensshOptions } from "./openssh-options.js";

/** What the configuration of a person may ask for, and what would break a connection that carries frames. */
const FIXED = ["ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none", "LogLevel=ERROR"];

/** The arguments of `ssh` (ssh(1)), of which the first mention of an option counts. @throws RpcError `BAD_REQUEST` */
export function opensshArguments(to: Destination, options: OpensshOptions, connectTimeout: number): string[] {
  const { agent, identity, knownHosts, configFile, command, interactive = false } = options;
  const { keepaliveInterval = 15_000, keepaliveMisses = 3 } = options;
  const settings = [
    ...FIXED,
    `BatchMode=${interactive ? "no" : "yes"}`,
    `ConnectTimeout=${seconds(connectTimeout)}`,
    `ServerAliveInterval=${keepaliveInterval === 0 ? 0 : seconds(keepaliveInterval)}`,
    `ServerAliveCountMax=${keepaliveMisses}`,
    ...(agent === undefined ? [] : [`IdentityAgent=${agent === false ? "none" : quote("agent", agent)}`]),
    ...identityFiles(identity).map((file) => `IdentityFile=${quote("identity", file)}`),
    ...(identity === undefined ? [] : ["IdentitiesOnly=yes"]),
    ...(knownHosts === undefined ? [] : knownHostsFiles([knownHosts].flat())),
  ];
  return [
    ...(options.args ?? []),
    ...(configFile === undefined ? [] : ["-F", configFile]),
    // No terminal, no X11, no agent on the other side.
    ...["-T", "-x", "-a"],
    ...settings.flatMap((setting) => ["-o", setting]),
    ...(to.user === undefined ? [] : ["-l", to.user]),
    ...(to.port === undefined ? [] : ["-p", String(to.port)]),
    ...(command === undefined ? ["-s", "--", to.host, SUBSYSTEM] : ["--", to.host, command]),
  ];
}

function identityFiles(identity: OpensshOptions["identity"]): readonly string[] {
  if (identity === undefined) return [];
  if (typeof identity === "object" && "privateKey" in identity) {
    throw refused("identity", "ssh takes a private key only from a file or from an agent");
  }
  return [identity].flat();
}

/** As with our own transport, the files that are named are the only ones. */
function knownHostsFiles(files: readonly string[]): string[] {
  const list = files.map((file) => quote("knownHosts", file)).join(" ");
  return [`UserKnownHostsFile=${list}`, "GlobalKnownHostsFile=/dev/null"];
}

/** A path as a word of ssh_config(5): it may hold blanks, and % would begin a token. */
function quote(option: string, path: string): string {
  if (/["\p{C}]|\$\{/u.test(path)) {
    throw refused(
      option,
      `${printable(JSON.stringify(path))} cannot be passed to ssh: it holds a quote, \${ or a control character`,
    );
  }
  return `"${path.replaceAll("%", "%%")}"`;
}

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

function refused(option: string, reason: string): RpcError {
  return new RpcError("BAD_REQUEST", `the option ${option}: ${reason}`);
}
