// The bounds and times that no option changes, by the constants that the code uses.

import { MAX_HISTORY, MAX_TYPED } from "../../runtime/src/adapters/console/terminal-console.js";
import { MAX_AHEAD } from "../../runtime/src/adapters/console/typed-lines.js";
import { MAX_COMMAND } from "../../runtime/src/adapters/exec/parse-command.js";
import { MAX_PEERS } from "../../runtime/src/adapters/shell/history-store.js";
import { SLICE } from "../../runtime/src/base/accounts/turns.js";
import { REFUSAL_PERIOD } from "../../runtime/src/base/observer/refusal-lines.js";
import { STDERR_TAIL } from "../../runtime/src/base/ssh-client.js";
import { LAST_GRACE } from "../../runtime/src/cli/shared/defaults.js";
import { MAX_INJECTED } from "../../runtime/src/client/call/injected-headers.js";
import { CONNECT_TIMEOUT } from "../../runtime/src/client/call-path.js";
import { MAX_ISSUES } from "../../runtime/src/codec/issues.js";
import { MAX_KICK_GRACE } from "../../runtime/src/contract/built-in/operations.js";
import { MAX_ROWS } from "../../runtime/src/contract/built-in/server-status.js";
import { CHECK_INTERVAL, MAX_BUFFERED } from "../../runtime/src/observe/line-file-options.js";
import {
  HEADERS_TIMEOUT,
  IDLE_TIMEOUT,
  MAX_HEADERS,
  MAX_SCRAPERS,
} from "../../runtime/src/observe/metrics/serve-metrics.js";
import { OPENSSH_TIMEOUTS } from "../../runtime/src/openssh/openssh-transport.js";
import { LOGIN_RESERVE } from "../../runtime/src/ssh/admission/admission.js";
import { PROXY_HEADER_TIMEOUT } from "../../runtime/src/ssh/admission/connection-gate.js";
import { REST } from "../../runtime/src/ssh/admission/exchange-queue.js";
import { LIMIT as MAX_ADDRESSES } from "../../runtime/src/ssh/admission/known-addresses.js";
import { PERIOD, REPORTS } from "../../runtime/src/ssh/admission/refusal-reports.js";
import { MAX_ATTEMPTS, MAX_ROUNDS } from "../../runtime/src/ssh/client/auth/login.js";
import { MAX_HOPS } from "../../runtime/src/ssh/client/route.js";
import { TIMEOUT as SSH_CONFIG_TIMEOUT } from "../../runtime/src/ssh/client/ssh-config.js";
import { MAX_LEARNED } from "../../runtime/src/ssh/client/trust/host-verifier.js";
import { POLL_INTERVAL } from "../../runtime/src/ssh/keys/files/watch-files.js";
import {
  MAX_SIZE as MAX_CERTIFICATE,
  MAX_OPTIONS,
  MAX_PRINCIPALS,
} from "../../runtime/src/ssh/keys/format/certificate.js";
import { MAX_RSA_BITS, MIN_RSA_BITS } from "../../runtime/src/ssh/keys/format/public-key-object.js";
import { LIST_TIMEOUT, MAX_ANSWER, MAX_KEYS } from "../../runtime/src/ssh/keys/identity/agent.js";
import { MAX_PASSPHRASES } from "../../runtime/src/ssh/keys/identity/passphrase.js";
import { MAX_LINE } from "../../runtime/src/ssh/keys/lists/authorized-keys.js";
import { AUTHORIZED_KEYS_RULES } from "../../runtime/src/ssh/keys/lists/authorized-keys-files.js";
import { REVOKED_KEYS_RULES } from "../../runtime/src/ssh/keys/lists/revoked-keys.js";
import { MAX_WAIT } from "../../runtime/src/ssh/server/auth/authorization.js";
import { REQUESTS_PER_TRY } from "../../runtime/src/ssh/server/auth/connection-control.js";
import { MAX_PROMPTS } from "../../runtime/src/ssh/server/auth/keyboard-interactive.js";
import { MAX_SECRET } from "../../runtime/src/ssh/server/auth/password.js";
import { MAX_ENVIRONMENT, MAX_VARIABLES } from "../../runtime/src/ssh/server/session-requests.js";
import { MAX_PROOFS } from "../../runtime/src/ssh/ssh2/host-keys/announce-host-keys.js";
import { MAX_BYTES, MAX_PACKETS } from "../../runtime/src/ssh/ssh2/packets/allow-during-rekey.js";
import { PER_SECOND } from "../../runtime/src/ssh/ssh2/packets/guard-requests.js";
import { DRAIN_GRACE } from "../../runtime/src/ssh/ssh2/packets/idle.js";
import { MAX_SEND_BUFFER } from "../../runtime/src/ssh/ssh2/packets/packet-guard.js";
import { REKEY_DEFAULTS } from "../../runtime/src/ssh/ssh2/packets/rekey.js";
import { MAX_WINDOW } from "../../runtime/src/wire/flow/stream-window.js";
import { CALL_WEIGHT, DEFAULT_LIMITS, STREAMS_WEIGHT } from "../../runtime/src/wire/limits.js";
import { formatValue } from "./format.js";

/** One bound: where it holds, what is bounded, and the value as text. */
export type FixedLimit = readonly [side: "server" | "client" | "both", what: string, value: string];

const ms = (value: number): string => formatValue(value, "ms");
const bytes = (value: number): string => formatValue(value, "bytes");
const count = (value: number): string => formatValue(value);

/** In the order of a connection's life. */
export const FIXED_LIMITS: readonly FixedLimit[] = [
  ["server", "timeout of the PROXY protocol header", ms(PROXY_HEADER_TIMEOUT)],
  ["server", "connections beyond `maxConnections` that may log in", count(LOGIN_RESERVE)],
  ["server", "memory of a call, with a request of up to 100 bytes", bytes(CALL_WEIGHT)],
  ["server", "memory of a call with streams, in addition", bytes(STREAMS_WEIGHT)],
  ["server", "addresses that are remembered as returning (`knownAddressTtl`)", count(MAX_ADDRESSES)],
  [
    "server",
    "log lines about refused connections",
    `${REPORTS} per ${ms(PERIOD)}, then one line with the number omitted`,
  ],
  [
    "server",
    "key exchanges: those on curves while there is other work, and those of Diffie-Hellman",
    `1/${REST + 1} of the time each`,
  ],
  ["server", "time for a client to close an idle connection (`idleTimeout`)", ms(DRAIN_GRACE)],
  ["server", "authentication requests, offered keys included", `${REQUESTS_PER_TRY} × \`maxAuthTries\``],
  ["server", "prompts in one round of keyboard-interactive", count(MAX_PROMPTS)],
  ["server", "length of a password or an answer", `${count(MAX_SECRET)} characters`],
  ["server", "requests for proof of host keys on one connection", String(MAX_PROOFS)],
  ["client", "host keys learned on one connection (`updateHostKeys`)", String(MAX_LEARNED)],
  ["both", "RSA keys of users", `${count(MIN_RSA_BITS)} to ${count(MAX_RSA_BITS)} bits, SHA-2 signatures only`],
  ["both", "size of a certificate", bytes(MAX_CERTIFICATE)],
  ["both", "principals of a certificate; options of each kind", `${MAX_PRINCIPALS}; ${MAX_OPTIONS}`],
  ["server", "size of an authorized_keys file", bytes(AUTHORIZED_KEYS_RULES.maxSize)],
  ["server", "line of an authorized_keys file", `${count(MAX_LINE)} characters`],
  ["server", "size of a file of revoked keys", bytes(REVOKED_KEYS_RULES.maxSize)],
  ["server", "polling of these files, if the system reports no changes", `every ${ms(POLL_INTERVAL)}`],
  ["server", "longest time between two checks of a key's expiry", ms(MAX_WAIT)],
  ["server", "environment variables of a session", `${MAX_VARIABLES}, all named \`RPC_*\``],
  [
    "server",
    "names and values of these variables together",
    `${bytes(MAX_ENVIRONMENT)}, of which a call takes ${bytes(DEFAULT_LIMITS.metadata)} as its metadata (\`limits.metadata\`)`,
  ],
  ["server", "refused requests allowed beyond `maxRefusals`", `${PER_SECOND} per second`],
  ["server", "work of one key in one turn of the event loop, after which other keys get theirs", ms(SLICE)],
  ["server", "time for which refusals of a key are counted (`refusalLines`)", ms(REFUSAL_PERIOD)],
  ["both", "data of a peer between its KEXINIT and its NEWKEYS", `${bytes(MAX_BYTES)}, ${count(MAX_PACKETS)} packets`],
  ["both", "window of one stream (`limits.windowGrowth`)", bytes(MAX_WINDOW)],
  ["both", "issues in the details of a BAD_REQUEST", count(MAX_ISSUES)],
  ["server", "command line of a session", bytes(MAX_COMMAND)],
  ["server", "shell: length of a line; lines typed ahead", `${bytes(MAX_TYPED)}; ${MAX_AHEAD}`],
  ["server", "shell: history, in memory", `${MAX_HISTORY} lines of each of ${MAX_PEERS} peers`],
  ["server", "files of the log and the audit log: check whether they were moved", `every ${ms(CHECK_INTERVAL)}`],
  ["server", "files of the log and the audit log: lines that wait for a slow or full disk", bytes(MAX_BUFFERED)],
  [
    "server",
    "`sshrpc serve`: time for open handles of the handlers after the server, or the session of `--stdio`, has ended",
    ms(LAST_GRACE),
  ],
  ["server", "rows of each list of `GET /sshrpc/status`; the others are counted", count(MAX_ROWS)],
  ["server", "grace of connections that an operator ends", ms(MAX_KICK_GRACE)],
  [
    "server",
    "port of metrics: connections; headers of a request; time for a request, and between two",
    `${MAX_SCRAPERS}; ${bytes(MAX_HEADERS)} in ${ms(HEADERS_TIMEOUT)}; ${ms(IDLE_TIMEOUT)}`,
  ],
  ["client", "headers that observers inject into a call (`injectHeaders`)", bytes(MAX_INJECTED)],
  ["client", "jump hosts", count(MAX_HOPS)],
  ["client", "`ssh -G`, which resolves ~/.ssh/config", ms(SSH_CONFIG_TIMEOUT)],
  ["client", "list of the agent's keys", `${ms(LIST_TIMEOUT)}, ${bytes(MAX_ANSWER)}, ${count(MAX_KEYS)} keys`],
  ["client", "calls of the function `passphrase` for one key", `${MAX_PASSPHRASES}; 2 if it repeats a wrong answer`],
  ["client", "attempts with a password; with keyboard-interactive", `${MAX_ATTEMPTS} each`],
  ["client", "rounds of keyboard-interactive in one login", `${MAX_ROUNDS}; the client disconnects at the next one`],
  ["client", "unsent bytes of a connection", bytes(MAX_SEND_BUFFER)],
  [
    "client",
    "rekey; timeout of a rekey",
    `after ${bytes(REKEY_DEFAULTS.rekeyBytes)} or ${ms(REKEY_DEFAULTS.rekeyInterval)}; ${ms(REKEY_DEFAULTS.rekeyTimeout)}`,
  ],
  [
    "client",
    "transport `openssh`: default of `connectTimeout`",
    `${ms(OPENSSH_TIMEOUTS.unattended)}; ${ms(OPENSSH_TIMEOUTS.interactive)} with \`interactive\``,
  ],
  ["client", "plain SSH: end of standard error that is kept", bytes(STDERR_TAIL)],
  ["client", "`sshrpc call`: time to connect, without `--timeout`", ms(CONNECT_TIMEOUT)],
];
