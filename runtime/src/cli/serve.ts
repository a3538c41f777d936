import { userInfo } from "node:os";
import type { Command } from "commander";
import type { Api } from "../contract/method.js";
import { type Server, serveHandlers } from "../serve-api.js";
import { knownHostsName } from "../ssh/keys/known-hosts.js";
import { formatHostPort } from "../ssh/target.js";
import { DEFAULTS } from "./defaults.js";
import { durationFrom } from "./duration.js";
import { prepareHome } from "./home.js";
import { loadHandlers } from "./load-handlers.js";
import { parsePort } from "./port.js";
import { addStdioOptions, checkFlags, type StdioFlags, serveOverStdio } from "./serve-stdio.js";

interface ServeFlags extends StdioFlags {
  readonly hostKey?: string;
  readonly authorizedKeys?: string;
  readonly revokedKeys?: string;
  readonly listen: string;
  readonly port: number;
  readonly proxyProtocol?: readonly string[];
  readonly korv?: boolean;
  readonly exec: boolean;
  readonly shell: boolean | string;
  readonly home: string;
}

/** Milliseconds that running calls are given when the server is told to stop. */
const GRACE = 5000;

/** `sshrpc serve --handlers FILE`: a server on a port of its own, until SIGINT or SIGTERM. Then running calls may finish. */
export function addServeCommand(program: Command): void {
  addStdioOptions(program.command("serve"))
    .description("serve the handlers of a file")
    .requiredOption("--handlers <file>", "the file whose default export is defineHandlers({ … })")
    .option("--host-key <file>", "the server's private key (default: one in --home, made at first start)")
    .option("--authorized-keys <file>", "who may connect (default: a list in --home, made at first start)")
    .option("--revoked-keys <file>", "keys and certificates that count no more: a list, or made by ssh-keygen -k")
    .option("--listen <address>", "the address to listen on; 0.0.0.0 or :: for all", DEFAULTS.host)
    .option("--port <number>", "the port to listen on; 0 for a free one", parsePort, DEFAULTS.port)
    .option(
      "--proxy-protocol <networks...>",
      "load balancers that say whose connections they pass on, such as 10.0.0.0/8; nobody is believed by default",
    )
    .option("--no-exec", "run no commands: ssh HOST GET /notes")
    .option("--shell <command>", "show whoever logs in without a command this one, such as GET /weblog")
    .option("--no-shell", "open no shell: ssh -t HOST")
    .option("--korv", "also answer clients of the Python framework korv")
    .option("--audit <file>", "where to write down who came, what they called, and what they were refused")
    .option("--home <directory>", "where the files are kept that are not named", DEFAULTS.home)
    .option("--grace <duration>", "how long running calls may go on after SIGTERM (default: 5s)", durationFrom(0))
    .action(serve);
}

async function serve(flags: ServeFlags): Promise<void> {
  checkFlags(flags);
  if (flags.stdio) return serveOverStdio(flags);
  const { api, ...handlers } = await loadHandlers(flags.handlers);
  const named = flags.hostKey !== undefined && flags.authorizedKeys !== undefined;
  const home = named ? undefined : await prepareHome(flags.home);
  const authorizedKeys = flags.authorizedKeys ?? (home?.authorizedKeys as string);
  const server = await serveHandlers(
    { api, ...handlers },
    {
      host: flags.listen,
      port: flags.port,
      hostKeys: flags.hostKey ?? (home?.hostKey as string),
      authorizedKeys,
      ...(flags.revokedKeys !== undefined && { revokedKeys: flags.revokedKeys }),
      ...(flags.proxyProtocol !== undefined && { proxyProtocol: flags.proxyProtocol }),
      korv: flags.korv ?? false,
      exec: flags.exec,
      shell: typeof flags.shell === "string" ? { run: flags.shell } : flags.shell,
      ...(flags.audit !== undefined && { audit: { file: flags.audit } }),
    },
  );
  process.stdout.write(introduction(api, server, flags, authorizedKeys));
  await stopSignal();
  await server.close({ grace: flags.grace ?? GRACE });
}

function introduction(api: Api, server: Server, flags: ServeFlags, authorizedKeys: string): string {
  const { host, port, hostKeys } = server;
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `${api.name} ${api.version} listens on ${formatHostPort(host, port)}
  host key         ${server.fingerprints[0]}
  authorized keys  ${authorizedKeys}

To let a key in, and to know this server:
  npx sshrpc keys add ~/.ssh/id_ed25519.pub --scopes "*"${placeFlags(flags, name, port)}
  echo "${knownHostsName(name, port)} ${hostKeys[0]}" >> ~/.ssh/known_hosts
To call:
  npx sshrpc call ssh://${userInfo().username}@${formatHostPort(name, port)} ${example(api)}
`;
}

/** What `sshrpc keys add` must be told of this server, but for what it assumes. */
function placeFlags({ home, hostKey, authorizedKeys }: ServeFlags, host: string, port: number): string {
  const flags: [string, string | number | undefined, string | number][] = [
    ["home", home, DEFAULTS.home],
    ["authorized-keys", authorizedKeys, ""],
    ["host-key", hostKey, ""],
    ["host", host, DEFAULTS.host],
    ["port", port, DEFAULTS.port],
  ];
  return flags
    .filter(([, value, assumed]) => value !== undefined && value !== assumed)
    .map(([flag, value]) => ` --${flag} ${/^[\w./:-]+$/.test(String(value)) ? value : JSON.stringify(value)}`)
    .join("");
}

/** A call that needs no thought: the first GET without a parameter, a scope, or anything that must be given. */
function example({ methods }: Api): string {
  const simple = methods.find(
    ({ kind, verb, path, scope, request }) =>
      kind === "unary" && verb === "GET" && !path.includes("{") && scope === undefined && request({}),
  );
  return simple?.id ?? "VERB PATH JSON";
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process as it always does. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      resolve();
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
  });
}
