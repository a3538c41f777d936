import { holdsKey, isKeyText, printable } from "../base/printable.js";
import { SUBSYSTEM } from "../base/version.js";
import { RpcError } from "../contract/rpc-error.js";
import type { AlgorithmOptions } from "../ssh/algorithm-options.js";
import type { DialOptions } from "../ssh/client/dial-options.js";
import type { Address } from "../ssh/target.js";
import { formatDestination, parseDestination } from "./destination.js";
import type { OpensshOptions } from "./openssh-options.js";

/** Overrides settings of a user's configuration that would break a connection that carries frames. */
const FIXED = ["ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none", "LogLevel=ERROR"];

/** Options of the transport `ssh2` without an equivalent in ssh, with the alternative. */
const UNSUPPORTED: Partial<Record<keyof DialOptions, string>> = {
  passphrase: "add the key to an agent, or set openssh.interactive so that ssh prompts",
  password: "set openssh.interactive so that ssh prompts",
  newPassword: "set openssh.interactive so that ssh prompts",
  prompts: "set openssh.interactive so that ssh prompts",
};

/** Options for which ssh has a ProxyCommand instead. */
const STREAMS: readonly (keyof DialOptions)[] = ["proxy", "sock"];

/** The arguments of ssh(1). The first value of an option takes precedence. @throws RpcError `BAD_REQUEST` */
export function opensshArguments(to: Address, options: DialOptions & OpensshOptions, connectTimeout: number): string[] {
  for (const [name, hint] of Object.entries(UNSUPPORTED)) {
    if (options[name as keyof DialOptions] !== undefined)
      throw unsupported(name, `ssh accepts it only at a prompt; ${hint}`);
  }
  for (const name of STREAMS) {
    if (options[name] !== undefined)
      throw unsupported(name, "ssh has a ProxyCommand instead: set it in ~/.ssh/config, or with openssh.args");
  }
  const { sshConfig = true, command } = options;
  const config = [
    ...FIXED,
    ...connectionConfig(options, connectTimeout),
    ...keyConfig(options),
    ...hostConfig(options),
    ...algorithmConfig(options.algorithms),
  ];
  return [
    ...(options.args ?? []),
    ...(sshConfig === true ? [] : ["-F", sshConfig === false ? "none" : checkName("sshConfig", sshConfig)]),
    // No pseudo-terminal, X11 forwarding or agent forwarding.
    ...["-T", "-x", "-a"],
    ...config.flatMap((config) => ["-o", config]),
    ...(to.user === undefined ? [] : ["-l", to.user]),
    ...(to.port === undefined ? [] : ["-p", String(to.port)]),
    ...(command === undefined ? ["-s", "--", to.host, SUBSYSTEM] : ["--", to.host, command]),
  ];
}

function connectionConfig(options: DialOptions & OpensshOptions, connectTimeout: number): string[] {
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

function keyConfig({ identity, agent, certificate, identitiesOnly }: DialOptions): string[] {
  const only = identitiesOnly ?? (identity === undefined ? undefined : true);
  return [
    ...identityFiles(identity).map((file) => `IdentityFile=${quote("identity", file)}`),
    ...(only === undefined ? [] : [`IdentitiesOnly=${only ? "yes" : "no"}`]),
    ...[certificate ?? []].flat().map((file) => `CertificateFile=${quote("certificate", file)}`),
    ...(agent === undefined ? [] : [`IdentityAgent=${agent === false ? "none" : quote("agent", agent)}`]),
  ];
}

/**
 * The lists replace those of ssh, so that a required algorithm is required of both transports. A master connection of ControlMaster may
 * have others: it is not used then.
 */
function algorithmConfig({ kex, cipher, hmac }: AlgorithmOptions = {}): string[] {
  const lists = [
    ["kex", "KexAlgorithms", kex],
    ["cipher", "Ciphers", cipher],
    ["hmac", "MACs", hmac],
  ] as const;
  const config = lists.flatMap(([option, keyword, names]) => {
    if (names === undefined) return [];
    // ssh rejects an unknown name; a hyphen at the start would remove names from its own list.
    if (names.length > 0 && names.every((name) => /^[\w.@][\w.@-]{0,63}$/.test(name))) {
      return `${keyword}=${names.join(",")}`;
    }
    throw unsupported(`algorithms.${option}`, "it needs a list of names such as those of ssh -Q");
  });
  return config.length === 0 ? [] : [...config, "ControlPath=none"];
}

function identityFiles(identity: DialOptions["identity"]): readonly string[] {
  if (identity === undefined) return [];
  return [identity].flat().map((source) => {
    if (typeof source === "string" && !isKeyText(source)) return source;
    throw unsupported("identity", "ssh reads a private key only from a file or an agent");
  });
}

/** The named known_hosts files replace the default ones, as with the transport `ssh2`. */
function hostConfig({ knownHosts, hostKey, hostKeyAlias, hashKnownHosts, updateHostKeys }: DialOptions): string[] {
  const files = [knownHosts ?? []].flat().map((file) => quote("knownHosts", file));
  if (hostKey !== undefined && hostKey !== "strict" && hostKey !== "accept-new") {
    throw unsupported("hostKey", "ssh has only strict and accept-new; name a file that lists the key with knownHosts");
  }
  return [
    ...(knownHosts === undefined ? [] : [`UserKnownHostsFile=${files.join(" ")}`, "GlobalKnownHostsFile=/dev/null"]),
    ...(hostKey === undefined ? [] : [`StrictHostKeyChecking=${hostKey === "strict" ? "yes" : hostKey}`]),
    ...(hostKeyAlias === undefined ? [] : [`HostKeyAlias=${quote("hostKeyAlias", hostKeyAlias)}`]),
    ...(updateHostKeys === undefined ? [] : [`UpdateHostKeys=${updateHostKeys ? "yes" : "no"}`]),
    ...(hashKnownHosts === undefined ? [] : [`HashKnownHosts=${hashKnownHosts ? "yes" : "no"}`]),
  ];
}

/** Quotes a path for ssh_config(5): blanks are allowed, and % would start a token. */
function quote(option: string, path: string): string {
  checkName(option, path);
  if (/["\p{C}]|\$\{/u.test(path)) {
    throw unsupported(
      option,
      `${printable(JSON.stringify(path))} cannot be passed to ssh: it contains a quote, \${ or a control character`,
    );
  }
  return `"${path.replaceAll("%", "%%")}"`;
}

function checkName(option: string, name: string): string {
  if (!holdsKey(name)) return name;
  throw unsupported(option, "the value is the text of a key; ssh needs the name of a file");
}

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

function unsupported(option: string, reason: string): RpcError {
  return new RpcError("BAD_REQUEST", `option ${option}: not supported by the transport openssh: ${reason}`);
}
