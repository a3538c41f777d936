import { userInfo } from "node:os";
import { formatHostPort } from "../base/net/host-port.js";
import { isKeyText } from "../base/printable.js";
import { watchErrors } from "../compose/handle-rejections.js";
import { type Server, serveHandlers } from "../compose/serve.js";
import type { Api } from "../contract/method.js";
import { openLogOf } from "../observe/open-log.js";
import { SIGNAL_GRACE } from "../server/check-grace.js";
import { knownHostsName } from "../ssh/keys/lists/known-hosts.js";
import { loadHandlers } from "./load-handlers.js";
import { adapterFlags, auditFlags, logFlags, type ServeFlags } from "./serve-flags.js";
import { DEFAULTS } from "./shared/defaults.js";
import { prepareHome } from "./shared/home.js";
import { type CliIo, pathOf, stopSignal } from "./shared/io.js";

/**
 * `sshrpc serve`: listens on a port until SIGINT or SIGTERM, then shuts down gracefully. So it does after an error that belongs to
 * no call, and ends with exit status 1.
 */
export async function serveOnPort(flags: ServeFlags, io: CliIo): Promise<void> {
  const { api, ...handlers } = await loadHandlers(flags.handlers, io);
  const path = (name: string): string => pathOf(io, name);
  const named = flags.hostKey !== undefined && flags.authorizedKeys !== undefined;
  const home = named ? undefined : await prepareHome(path(flags.home));
  const authorizedKeys = flags.authorizedKeys ?? (home?.authorizedKeys as string);
  await using log = await openLogOf(io, logFlags(flags, io));
  const server = await serveHandlers(
    { api, ...handlers },
    {
      host: flags.listen,
      port: flags.port,
      hostKeys: (flags.hostKey ?? [home?.hostKey as string]).map(path),
      authorizedKeys: path(authorizedKeys),
      log,
      ...(flags.revokedKeys !== undefined && { revokedKeys: path(flags.revokedKeys) }),
      ...(flags.proxyProtocol !== undefined && { proxyProtocol: flags.proxyProtocol }),
      korv: flags.korv ?? false,
      ...adapterFlags(flags),
      ...auditFlags(flags, io),
    },
  );
  let hasFailed = false;
  let unwatch = (): void => {};
  const failed = new Promise<void>((resolve) => {
    unwatch = watchErrors(io, log, () => {
      hasFailed = true;
      resolve();
    });
  });
  io.stdout.write(introduction(api, server, flags, authorizedKeys));
  await stopSignal(io, failed);
  await server.close({ grace: flags.grace ?? SIGNAL_GRACE });
  // Handles of the handlers would keep the process.
  if (hasFailed) io.exit(1);
  unwatch();
}

function introduction(api: Api, server: Server, flags: ServeFlags, authorizedKeys: string): string {
  const { host, port, hostKeys } = server;
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  const { username } = userInfo();
  const first = `${api.name} ${api.version} listens on ${formatHostPort(host, port)}\n`;
  if (flags.brief) return first;
  return `${first}${server.fingerprints.map((fingerprint) => `  host key         ${fingerprint}\n`).join("")}  authorized keys  ${authorizedKeys}

To authorize a key and trust this server:
  npx sshrpc keys add ~/.ssh/id_ed25519.pub --scopes "*"${placeFlags(flags, name, port)}
  echo "${knownHostsName(name, port)} ${hostKeys[0]}" >> ~/.ssh/known_hosts
To call a method:
  npx sshrpc call ssh://${username}@${formatHostPort(name, port)} ${example(api)}
${flags.exec ? `  ssh -p ${port} ${username}@${name} help\n` : ""}`;
}

/** The flags of `sshrpc keys add` for this server, without those that have their default value. */
function placeFlags({ home, hostKey, authorizedKeys }: ServeFlags, host: string, port: number): string {
  const flags: [string, string | number | undefined, string | number][] = [
    ["home", home, DEFAULTS.home],
    ["authorized-keys", authorizedKeys, ""],
    ["host-key", hostKey?.[0], ""],
    ["host", host, DEFAULTS.host],
    ["port", port, DEFAULTS.port],
  ];
  return (
    flags
      // A key passed as text is not printed.
      .filter(([, value, assumed]) => value !== undefined && value !== assumed && !isKeyText(String(value)))
      .map(([flag, value]) => ` --${flag} ${/^[\w./:-]+$/.test(String(value)) ? value : JSON.stringify(value)}`)
      .join("")
  );
}

/** An example call: the first GET without path parameters, scope or required fields. */
function example({ methods }: Api): string {
  const simple = methods.find(
    ({ kind, verb, path, scope, request }) =>
      kind === "unary" && verb === "GET" && !path.includes("{") && scope === undefined && request({}),
  );
  return simple?.id ?? "VERB PATH JSON";
}
