import { userInfo } from "node:os";
import { formatHostPort } from "../../base/net/host-port.js";
import { isKeyText } from "../../base/printable.js";
import type { Server } from "../../compose/serve.js";
import type { ServeOptions } from "../../compose/serve-options.js";
import type { Api } from "../../contract/method.js";
import { knownHostsName } from "../../ssh/keys/lists/known-hosts.js";
import { DEFAULTS } from "../shared/defaults.js";
import { isFiles } from "./port-options.js";
import type { ServeFlags } from "./serve-flags.js";

/** The authorized keys of a server, for people. */
function keysOf({ authorizedKeys }: ServeOptions): string {
  if (authorizedKeys === undefined || !isFiles(authorizedKeys)) return "those of the config file";
  return [authorizedKeys].flat().join(", ");
}

/** What the command prints at the start: how to authorize a key, and an example call. */
export function introduction(api: Api, server: Server, flags: ServeFlags, options: ServeOptions): string {
  const authorizedKeys = keysOf(options);
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
    ["authorized-keys", firstFile(authorizedKeys), ""],
    ["host-key", firstFile(hostKey), ""],
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

/** The file of an option that takes several, and other sources. */
function firstFile(source: unknown): string | undefined {
  const [first] = [source].flat();
  return typeof first === "string" ? first : undefined;
}

/** An example call: the first GET without path parameters, scope or required fields. */
function example({ methods }: Api): string {
  const simple = methods.find(
    ({ kind, verb, path, scope, request }) =>
      kind === "unary" && verb === "GET" && !path.includes("{") && scope === undefined && request({}),
  );
  return simple?.id ?? "VERB PATH JSON";
}
