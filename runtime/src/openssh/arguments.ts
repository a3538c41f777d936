import { holdsKey, isKeyText, printable } from "../base/printable.js";
import { RpcError } from "../contract/rpc-error.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import { SUBSYSTEM } from "../ssh/subsystem.js";
import type { Address } from "../ssh/target.js";
import { formatDestination, parseDestination } from "./destination.js";
import type { OpensshOptions } from "./openssh-options.js";

/** What the configuration of a person may ask for, and what would break a connection that carries frames. */
const FIXED = ["ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none", "LogLevel=ERROR"];

/** Options of our own transport that ssh has no word for, with what to do. */
const UNKNOWN: Partial<Record<keyof DialOptions, string>> = {
  passphrase: "add the key to an agent, or let ssh ask with openssh.interactive",
  password: "let ssh ask with openssh.interactive",
  newPassword: "let ssh ask with openssh.interactive",
  prompts: "let ssh ask with openssh.interactive",
};

/** The arguments of `ssh` (ssh(1)), of which the first mention of an option counts. @throws RpcError `BAD_REQUEST` */
export function opensshArguments(to: Address, options: DialOptions & OpensshOptions, connectTimeout: number): string[] {
  for (const [name, hint] of Object.entries(UNKNOWN)) {
    if (options[name as keyof DialOptions] !== undefined) throw refused(name, `ssh takes none from a program: ${hint}`);
  }
  const { sshConfig = true, command } = options;
  const config = [
    ...FIXED,
    ...connectionSettings(options, connectTimeout),
    ...keySettings(options),
    ...hostSettings(options),
  ];
  return [
    ...(options.args ?? []),
    ...(sshConfig === true ? [] : ["-F", sshConfig === false ? "none" : checkName("sshConfig", sshConfig)]),
    // No terminal, no X11, no agent on the other side.
    ...["-T", "-x", "-a"],
    ...config.flatMap((config) => ["-o", config]),
    ...(to.user === undefined ? [] : ["-l", to.user]),
    ...(to.port === undefined ? [] : ["-p", String(to.port)]),
    ...(command === undefined ? ["-s", "--", to.host, SUBSYSTEM] : ["--", to.host, command]),
  ];
}

function connectionSettings(options: DialOptions & OpensshOptions, connectTimeout: number): string[] {
  const { interactive = false, keepaliveInterval = 15_000, keepaliveCountMax = 3, jump } = options;
  const hops = jump === undefined ? undefined : [jump].flat().map((hop) => formatDestination(parseDestination(hop)));
  return [
    `BatchMode=${interactive ? "no" : "yes"}`,
    `ConnectTimeout=${seconds(connectTimeout)}`,
    `ServerAliveInterval=${keepaliveInterval === 0 ? 0 : seconds(keepaliveInterval)}`,
    `ServerAliveCountMax=${keepaliveCountMax}`,
    ...(hops === undefined ? [] : [`ProxyJump=${hops.join(",") || "none"}`]),
  ];
}

function keySettings({ identity, agent, certificate, identitiesOnly }: DialOptions): string[] {
  const only = identitiesOnly ?? (identity === undefined ? undefined : true);
  return [
    ...identityFiles(identity).map((file) => `IdentityFile=${quote("identity", file)}`),
    ...(only === undefined ? [] : [`IdentitiesOnly=${only ? "yes" : "no"}`]),
    ...[certificate ?? []].flat().map((file) => `CertificateFile=${quote("certificate", file)}`),
    ...(agent === undefined ? [] : [`IdentityAgent=${agent === false ? "none" : quote("agent", agent)}`]),
  ];
}

function identityFiles(identity: DialOptions["identity"]): readonly string[] {
  if (identity === undefined) return [];
  return [identity].flat().map((source) => {
    if (typeof source === "string" && !isKeyText(source)) return source;
    throw refused("identity", "ssh takes a private key only from a file or from an agent");
  });
}

/** As with our own transport, the files that are named are the only ones. */
function hostSettings({ knownHosts, hostKey, hostKeyAlias, hashKnownHosts }: DialOptions): string[] {
  const files = [knownHosts ?? []].flat().map((file) => quote("knownHosts", file));
  if (hostKey !== undefined && hostKey !== "strict" && hostKey !== "accept-new") {
    throw refused("hostKey", "ssh knows only strict and accept-new; name a file that lists the key with knownHosts");
  }
  return [
    ...(knownHosts === undefined ? [] : [`UserKnownHostsFile=${files.join(" ")}`, "GlobalKnownHostsFile=/dev/null"]),
    ...(hostKey === undefined ? [] : [`StrictHostKeyChecking=${hostKey === "strict" ? "yes" : hostKey}`]),
    ...(hostKeyAlias === undefined ? [] : [`HostKeyAlias=${quote("hostKeyAlias", hostKeyAlias)}`]),
    ...(hashKnownHosts === undefined ? [] : [`HashKnownHosts=${hashKnownHosts ? "yes" : "no"}`]),
  ];
}

/** A path as a word of ssh_config(5): it may hold blanks, and % would begin a token. */
function quote(option: string, path: string): string {
  checkName(option, path);
  if (/["\p{C}]|\$\{/u.test(path)) {
    throw refused(
      option,
      `${printable(JSON.stringify(path))} cannot be passed to ssh: it holds a quote, \${ or a control character`,
    );
  }
  return `"${path.replaceAll("%", "%%")}"`;
}

function checkName(option: string, name: string): string {
  if (!holdsKey(name)) return name;
  throw refused(option, "it is the text of a key; ssh takes the name of a file");
}

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

function refused(option: string, reason: string): RpcError {
  return new RpcError("BAD_REQUEST", `the option ${option} is not for the transport openssh: ${reason}`);
}
