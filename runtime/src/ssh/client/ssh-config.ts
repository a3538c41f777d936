import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, join } from "node:path";
import { anySignal } from "../../base/async/any-signal.js";
import { printable } from "../../base/printable.js";
import { SshError } from "../ssh-error.js";
import type { Address } from "../target.js";

/** Which configuration {@link readSshConfig} reads. */
interface SshConfigSource {
  /** Replaces `~/.ssh/config`. */
  readonly file: string | undefined;
  /** Whether a missing program `ssh` is an error; otherwise the configuration is then empty. */
  readonly required: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The settings of ~/.ssh/config for one host that this client applies. */
export interface HostConfig {
  readonly user?: string;
  readonly host?: string;
  readonly port?: number;
  /** Files; any of them may be missing. */
  readonly identities?: readonly string[];
  readonly certificates?: readonly string[];
  readonly identitiesOnly?: boolean;
  /** A socket, or false for none; absent for the default. */
  readonly agent?: string | false;
  readonly knownHosts?: readonly string[];
  readonly hostKeyAlias?: string;
  /** Jump hosts, in order. */
  readonly jump?: readonly string[];
  /** A command line for the user's shell, with its tokens expanded. */
  readonly proxyCommand?: string;
}

/** In milliseconds. `Match exec` may run any command. */
export const TIMEOUT = 5000;

/** Whether the user has an ssh configuration, which is then applied by default. */
export function hasSshConfig(): boolean {
  return existsSync(join(homedir(), ".ssh", "config"));
}

/**
 * Runs `ssh -G`, which alone applies every Host, Match and Include of ssh_config(5). It does not connect.
 * @throws SshError `unavailable` where ssh does not answer within 5 seconds or rejects the configuration; `bad-request`
 * where a shell could interpret a name in a ProxyCommand
 */
export async function readSshConfig(
  address: Address,
  { file, required, signal }: SshConfigSource,
): Promise<HostConfig> {
  const { user, host, port } = address;
  const args = [
    ...(file === undefined ? [] : ["-F", file]),
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...["-G", "--", host],
  ];
  const output = await run(args, signal).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && !required) return undefined;
    throw new SshError("unavailable", `the ssh configuration of ${host} cannot be read: ${explain(error)}`, {
      cause: error,
    });
  });
  return output === undefined ? {} : interpret(output, address);
}

function run(args: readonly string[], signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: TIMEOUT,
      killSignal: "SIGKILL",
      maxBuffer: 1024 * 1024,
      // A signal of its own, to which Node adds its listener: the caller may use one signal for many connections.
      ...(signal && { signal: anySignal([signal]) }),
    } as const;
    const child = execFile("ssh", args, options, (error, stdout, stderr) => {
      if (error) reject(Object.assign(error, { stderr }));
      else resolve(stdout);
    });
    child.stdin?.end();
  });
}

function explain(error: NodeJS.ErrnoException & { killed?: boolean; stderr?: string }): string {
  if (error.code === "ENOENT") return "program ssh not found; install it, or set sshConfig to false";
  const stderr = printable(error.stderr?.trim().split("\n")[0] ?? "");
  const why = error.killed ? `ssh -G did not answer within ${TIMEOUT} ms` : stderr || printable(error.message);
  return `${why}; fix it, or set sshConfig to false`;
}

/** Parses lines such as `hostname edge.example.com`; some keywords repeat. */
function interpret(output: string, address: Address): HostConfig {
  const values = new Map<string, string[]>();
  for (const line of output.split("\n")) {
    const [, name = "", value = ""] = /^(\S+) (.*)$/.exec(line.trim()) ?? [];
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  const one = (name: string) => values.get(name)?.[0];
  const proxy = one("proxycommand");
  const [user, host, port] = [one("user"), one("hostname"), Number(one("port"))];
  const expand = (file: string) => expandTokens(file, { user, host: host ?? address.host, original: address.host });
  const identities = values.get("identityfile") ?? [];
  const files = (name: string) =>
    one(name)
      ?.split(" ")
      .filter((file) => file !== "" && file !== "none") ?? [];
  const jump = one("proxyjump")?.split(",") ?? [];
  const alias = one("hostkeyalias");
  const agent = agentOf(one("identityagent"), expand);
  return {
    ...(user !== undefined && { user }),
    ...(host !== undefined && { host }),
    ...(port > 0 && { port }),
    // Without an IdentityFile, ssh lists its default files.
    ...(!identities.every(isDefault) && { identities: identities.filter((file) => file !== "none").map(expand) }),
    certificates: (values.get("certificatefile") ?? []).map(expand),
    identitiesOnly: one("identitiesonly") === "yes",
    ...(agent !== undefined && { agent }),
    knownHosts: [...files("userknownhostsfile"), ...files("globalknownhostsfile")].map(expand),
    ...(alias !== undefined && alias !== "none" && { hostKeyAlias: alias }),
    jump: jump.filter((hop) => hop !== "none"),
    ...(proxy !== undefined &&
      proxy !== "none" && {
        proxyCommand: expandProxyCommand(proxy, { user, host: host ?? address.host, original: address.host, port }),
      }),
  };
}

function isDefault(file: string): boolean {
  return /^id_(?:rsa|dsa|xmss|ecdsa|ed25519)(?:_sk)?$/.test(basename(file)) && file.startsWith("~/.ssh/");
}

function agentOf(value: string | undefined, expand: (file: string) => string): string | false | undefined {
  if (value === undefined || value === "SSH_AUTH_SOCK") return undefined;
  if (value === "none") return false;
  return value.startsWith("$") ? process.env[value.slice(1).replace(/^\{(.*)\}$/, "$1")] : expand(value);
}

/** Characters that a shell interprets; OpenSSH refuses such names, too. */
const UNSAFE = /['"`$;&<>|(){}\s\p{C}]|\\$|^-/u;

/** Expands the tokens of a ProxyCommand. @throws SshError `bad-request` where a shell could interpret a name in it */
function expandProxyCommand(
  command: string,
  of: { user: string | undefined; host: string; original: string; port: number },
): string {
  const { user = userInfo().username, host, original, port } = of;
  const tokens: Record<string, string> = { "%%": "%", "%h": host, "%n": original, "%p": String(port), "%r": user };
  return command.replace(/%./g, (token) => {
    const value = tokens[token] ?? token;
    if (!UNSAFE.test(value)) return value;
    throw new SshError(
      "bad-request",
      `"${printable(value)}" cannot be passed to the ProxyCommand of ${original}: a shell could interpret it`,
    );
  });
}

/** Expands the common TOKENS of ssh_config(5), which `ssh -G` does not expand. */
function expandTokens(file: string, of: { user: string | undefined; host: string; original: string }): string {
  const tokens: Record<string, string | undefined> = {
    ...{ "%%": "%", "%d": homedir(), "%u": userInfo().username, "%h": of.host, "%n": of.original, "%r": of.user },
  };
  return file.replace(/%./g, (token) => tokens[token] ?? token);
}
