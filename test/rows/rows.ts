/** One thing that a system before this one does. */
export interface Row {
  readonly what: string;
  /** The titles of the tests that show it, by file below `test/` as in the source. */
  readonly tests: Readonly<Record<string, readonly string[]>>;
}

const SERVING = "interop/korv/serving.test.ts";
const CALLING = "interop/korv/calling.test.ts";
const ODD = "interop/korv/odd-server.test.ts";
const KEYS = "unit/runtime/cli/keys/keys.test.ts";
const EXAMPLES = "examples/readme.test.ts";
const AUTH = "interop/auth.test.ts";
const AUTHENTICATION = "unit/runtime/ssh/server/auth/authentication.test.ts";
const FORWARDING = "interop/forwarding.test.ts";
const FORWARDING_RULES = "unit/runtime/ssh/server/forwarding/forwarding.test.ts";
const PLAIN_SSH = "examples/plain-ssh.test.ts";
const ROWS = "rows/rows.test.ts";

/**
 * What the systems before this one do, each with the tests that show it here: K, the framework korv; M, mini-share-point, a
 * customizable API with registered clients; C, a client written with Twisted Conch; A, what a server written with asyncssh can decide; W,
 * a weblog monitor written with Twisted. `faults` in a description are theirs, and must not come back.
 */
export const ROWS_OF_EARLIER_SYSTEMS: Readonly<Record<string, Row>> = {
  K1: {
    what: "the verbs GET, STORE, UPDATE and DELETE; an unknown one is refused by the client and in the schema",
    tests: {
      [SERVING]: ["calls all verbs, with callbacks and blocking, with and without a body"],
      "unit/codegen/problems.test.ts": ["an unknown verb and an unknown option are refused at their keys"],
      "unit/runtime/cli/bad-input.test.ts": ["an unknown verb"],
    },
  },
  K2: {
    what: "exact routing by verb and resource; an unknown one is 404, and the connection survives",
    tests: {
      [SERVING]: ["gets 404 with the body null for unknown resources, and messages for other errors"],
      "unit/runtime/server/routing.test.ts": ["with NOT_FOUND if %j names no resource"],
    },
  },
  K3: {
    what: "a handler gets the whole request, and gives status and body",
    tests: {
      [CALLING]: [
        "sends every field that the server requires",
        "maps the server's codes to errors, and the connection survives",
      ],
      [SERVING]: ["gets 404 with the body null for unknown resources, and messages for other errors"],
    },
  },
  K4: {
    what: "each malformed request is answered with 400",
    tests: { [SERVING]: ["gets one 400 for each malformed request"] },
  },
  K5: {
    what: "a handler that throws is 500; fault: the traceback reaches the caller",
    tests: {
      [SERVING]: [
        "gets 404 with the body null for unknown resources, and messages for other errors",
        "gets the cause of an error from a server with exposeErrors",
      ],
    },
  },
  K6: {
    what: "responses with their ids, in gzip, of concurrent requests on one session",
    tests: {
      [SERVING]: [
        "is understood however packets split its messages, and gets its ids back unchanged",
        "runs as many calls concurrently as the limit permits; further ones wait",
        "can be ssh and gzip, by the command in docs/adapters.md",
      ],
      [CALLING]: ["calls all verbs, concurrently, typed by the contract"],
    },
  },
  K7: {
    what: "calls that block and calls with a callback; the body of GET and DELETE is optional",
    tests: { [SERVING]: ["calls all verbs, with callbacks and blocking, with and without a body"] },
  },
  K8: {
    what: "defaults: port 8022, a host key and a list of keys, packets of 32 KiB",
    tests: {
      "unit/runtime/compose/defaults.test.ts": ["a server listens on 127.0.0.1, and closes at once"],
      "unit/runtime/ssh/client/dial.test.ts": ["reports a refused connection with the default address of sshrpc"],
      [KEYS]: ["init creates the home directory once, and prints the same on the second run"],
      [SERVING]: ["that opens its channel with the default packet size gets the responses that fit"],
      [EXAMPLES]: ["09-korv calls a server that speaks korv, and gets the codes of its errors"],
    },
  },
  K9: {
    what: "keys of ssh-keygen work; an unlisted key is refused; failures to connect and to listen have a message",
    tests: {
      [SERVING]: ["is refused with an unlisted key, and fails to connect to a closed server"],
      "unit/runtime/ssh/keys/identity/load-identity.test.ts": [
        "signs with keys of every format and type, encrypted or not",
      ],
      "unit/runtime/ssh/server/listen.test.ts": [
        "names the port in use, the unavailable address, and the invalid option",
      ],
    },
  },
  K10: {
    what: "fault: one read is one message, so a large or a merged message is lost",
    tests: {
      [SERVING]: ["is understood however packets split its messages, and gets its ids back unchanged"],
      [CALLING]: ["joins responses that arrive in many packets"],
      [ODD]: ["reads several responses in one packet, in any order, and one in many packets"],
    },
  },
  K11: {
    what: "faults: a second 400, colliding ids, dropped responses, calls without end, an unchecked host key",
    tests: {
      [SERVING]: ["gets one 400 for each malformed request", "that repeats an id gets one response to each request"],
      [CALLING]: [
        "takes the first of several responses to one request",
        "stops waiting at the deadline or when cancelled, and makes further calls",
        "verifies the host key, and reports that its own key is not authorized",
      ],
      [ODD]: [
        "ignores responses without a request, and duplicates",
        "times out a request to a server that stops reading",
      ],
      "unit/runtime/cli/main.test.ts": ["two servers run in one process, and each ends at its own signal"],
    },
  },
  M1: {
    what: "one command registers a client, and prints what it needs to know of the server",
    tests: {
      [KEYS]: ["add creates missing files, lists the key with the given options, and prints what its owner needs"],
      "unit/runtime/cli/serve.test.ts": ["the commands that serve prints authorize a new user, %s"],
      [EXAMPLES]: [
        "08-mini-share serves functions from its folder, reloads one on save, and registers and removes a client while it runs",
      ],
    },
  },
  M2: {
    what: "purge all clients; faults: one cannot be removed, and changes need a restart",
    tests: {
      [KEYS]: [
        "list prints one line per key, or JSON for programs",
        "remove deletes every line of a key",
        "purge requires --yes and removes every key and every invalid line",
      ],
      "interop/keys-live.test.ts": [
        "adding, restricting and removing a key applies to its open connections at once",
        "a key is restricted to its source addresses, and a purge closes all connections",
      ],
    },
  },
  M3: {
    what: "the first start makes the host key; a corrupt one stops the start",
    tests: {
      "unit/runtime/cli/shared/home.test.ts": [
        "commands that create a home at once have the same host key, and leave no other file",
      ],
      "unit/runtime/cli/serve.test.ts": [
        "serve fails for a damaged host key, names the file and the fix, and leaves it unchanged",
      ],
    },
  },
  M4: {
    what: "generate a key pair; the public key of a private one",
    tests: {
      [KEYS]: [
        "generate creates a key that only its owner can read, and never overwrites a file",
        "public refuses a file that is not a private key or is readable by others",
      ],
    },
  },
  M5: {
    what: "functions as modules of a folder; fault: an unknown function answers 200",
    tests: {
      "unit/runtime/cli/handler-folder.test.ts": [
        "serve takes the handlers of %s from a folder of TypeScript, ESM and CommonJS modules",
        "serve names every module that throws, has a syntax error, never settles or exports nothing, and every method without a handler",
        "serve refuses two modules for one method, also with --keep-going, and names both",
        "with --keep-going, serve logs each problem, serves the rest, and methods without a handler respond UNIMPLEMENTED",
      ],
      "unit/codegen/cli/dev.test.ts": [
        "dev reloads a folder of handlers: connections stay, running calls finish on the old module, and a broken one changes nothing",
      ],
      [EXAMPLES]: [
        "08-mini-share serves functions from its folder, reloads one on save, and registers and removes a client while it runs",
      ],
    },
  },
  M6: {
    what: "only registered clients get an answer, and others are not told why they are refused",
    tests: {
      "interop/openssh.test.ts": ["ssh with an unlisted key is rejected"],
      "unit/runtime/ssh/ssh2/disconnect.test.ts": [
        "a client whose key is removed learns that its access is revoked, without the reason",
      ],
      "interop/exec-refusals.test.ts": ["a key sees only the methods that it may call"],
      "faults/guard/packets.test.ts": ["garbage in place of each handshake message ends its connection, and no other"],
    },
  },
  M7: {
    what: "a request is refused after its time to live; fault: it can be replayed before",
    tests: {
      [EXAMPLES]: [
        "08-mini-share serves functions from its folder, reloads one on save, and registers and removes a client while it runs",
      ],
      "unit/runtime/client/unary-call.test.ts": [
        "a call without a response fails with its timeout in whole milliseconds",
      ],
      [ROWS]: ["a call that was recorded on the network and is sent again does not run again"],
    },
  },
  M8: {
    what: "new and returning addresses are logged, and remembered for a time",
    tests: {
      "faults/guard/connection-gate.test.ts": ["new and returning addresses are logged"],
      "unit/runtime/ssh/admission/connection-limits.test.ts": ["keeps an address for its TTL after it was last seen"],
    },
  },
  M9: {
    what: "the address of a caller behind a proxy is known, from trusted proxies only",
    tests: {
      "faults/guard/proxy.test.ts": [
        "the peer, the log and the limits have the client's address from a header of version %s",
        "a header from a source that is not trusted ends the connection",
      ],
    },
  },
  M10: {
    what: "config file and folders, overrides by the environment, a rotating log with a level, a development server",
    tests: {
      "unit/runtime/cli/config.test.ts": [
        "comes from the flag, then the environment, then the section of the command, then the top of the file",
      ],
      "docs/configuration.test.ts": [
        "the config file of docs/configuration.md is valid, and its commands print what the page shows",
      ],
      "unit/runtime/cli/serve-log.test.ts": [
        "serve writes JSON lines from the level of --log-level on, with a line for each call at debug",
        "serve rotates its audit log by size",
      ],
      "interop/audit-log.test.ts": ["continues in a new file when the old one is moved, as by logrotate"],
      "unit/codegen/cli/dev.test.ts": ["dev restarts the server when the schema or a handlers file changes"],
    },
  },
  C1: {
    what: "host keys are checked by a function, which may ask the user; a mismatch fails before authentication",
    tests: {
      "interop/client-sshd.test.ts": ["calls a function once for an unknown host key, and applies its decision"],
      [ROWS]: ["a client that rejects the host key has not sent its user name or a key"],
    },
  },
  C2: {
    what: "passwords and keys are asked for when they are needed; keys have the formats of OpenSSH",
    tests: {
      "interop/client-passwords.test.ts": [
        "sends a password if no key is accepted, and asks for it only then, at most three times",
      ],
      "unit/runtime/ssh/keys/identity/load-identity.test.ts": [
        "asks for a passphrase at the first signature, three times at most",
        "requests a private key only for a signature, if its public key is known",
        "signs with keys of every format and type, encrypted or not",
      ],
    },
  },
  C3: {
    what: "several channels of a connection; commands with input, half close and an echo",
    tests: {
      "interop/remote.test.ts": [
        "several commands share a connection, and a slow one does not block the others",
        "input can end before output, and the command has ended only after both",
      ],
      "unit/runtime/ssh/ssh2/channels/channel.test.ts": [
        "echoes messages of 64 KiB one after the other, unchanged",
        "lets either side end while the other goes on",
      ],
      [EXAMPLES]: ["10-raw-client prints the output of a command, and exits with its status"],
    },
  },
  C4: {
    what: "a channel carries any other protocol; a clean end; a verbose log on request",
    tests: {
      "interop/remote.test.ts": ["a connection through the server carries any other protocol"],
      "unit/runtime/ssh/client/dial.test.ts": ["writes debug lines with the host in front, and no secrets"],
    },
  },
  A1: {
    what: "connections are reported when they are made and lost, with the reason",
    tests: {
      "interop/observer.test.ts": [
        "reports a connection from its admission to its end, with its login, session and call",
      ],
      "interop/audit-log.test.ts": [
        "records why a connection closed: by the client, lost, for a reason of the client, or by the server",
      ],
    },
  },
  A2: {
    what: "debug messages are received",
    tests: { "faults/guard/packets.test.ts": ["the first debug messages of a client are logged, one line each"] },
  },
  A3: {
    what: "the keys of one user are loaded at the login; a user may need no authentication",
    tests: {
      "unit/runtime/ssh/server/listen.test.ts": ["authorizes keys with a function, and denies them if it fails"],
      [AUTH]: ["ssh logs in with the method none if `anonymous` is set"],
    },
  },
  A4: {
    what: "a key may be offered many times, and its possession is proven separately",
    tests: {
      "unit/runtime/ssh/server/auth/public-key.test.ts": [
        "authenticates a peer by its signature, and only offers without one",
        "opens no channel for a client that has offered a listed key without a signature",
      ],
      "interop/login-limits.test.ts": ["ssh with 15 keys in its agent logs in with the last one"],
    },
  },
  A5: {
    what: "certificates of an authority, with validity, principal and possession",
    tests: {
      [AUTH]: [
        "ssh logs in with a certificate, whose fields the server has",
        "the source-address, principals and scopes of a certificate apply",
        "certificates are accepted and denied as by a stock sshd",
      ],
    },
  },
  A6: {
    what: "passwords, with a change of expired ones and a limit of attempts",
    tests: {
      [AUTH]: [
        "ssh logs in with a password, and is denied with a wrong one",
        "ssh changes an expired password, after one that is rejected",
      ],
      [AUTHENTICATION]: ["disconnects after maxAuthTries pipelined guesses, and does not check the others"],
    },
  },
  A7: {
    what: "keyboard-interactive: rounds of prompts with echo flags, a message without prompts, fallback to a password",
    tests: {
      [AUTH]: [
        "asyncssh answers several rounds of prompts, with echo, and a message without prompts",
        "ssh is prompted for the password by keyboard-interactive if it prefers that",
      ],
      "interop/client-passwords.test.ts": [
        "answers keyboard-interactive requests in several rounds, and passes on those without prompts",
      ],
    },
  },
  A8: {
    what: "a session is served by a handler, or refused with a reason",
    tests: {
      "unit/runtime/ssh/server/sessions.test.ts": [
        "calls the session rule for each session, and sends the reason of a denial to the client",
      ],
      "interop/sessions.test.ts": ["ssh gets output, errors and the exit status of a command, every time"],
    },
  },
  A9: {
    what: "a connection to a TCP port is served by a handler, forwarded, or refused",
    tests: {
      [FORWARDING]: ["ssh -L reaches permitted targets, completely in both directions, and no others"],
      [FORWARDING_RULES]: [
        "may be served by a handler, whose stream ends on both sides",
        "is decided by a function of request and peer, which may deny it with a reason",
      ],
    },
  },
  A10: {
    what: "the same for unix sockets",
    tests: {
      [FORWARDING]: [
        "ssh forwards unix sockets in both directions, with mode 0600",
        "asyncssh opens connections to ports and unix sockets, and gets the reason of a denial",
      ],
    },
  },
  A11: {
    what: "a request to listen on a TCP port, also on a free one, is forwarded, given to a listener, or refused",
    tests: {
      [FORWARDING]: [
        "ssh -R listens on a permitted port of loopback, until its connection closes",
        "ssh -R gets a free port if port 0 is permitted, and is refused another",
        "asyncssh opens a listener, cancels it, and uses one that a rule created",
      ],
    },
  },
  A12: {
    what: "the same for unix sockets",
    tests: {
      [FORWARDING]: ["ssh forwards unix sockets in both directions, with mode 0600"],
      [FORWARDING_RULES]: ["may be created by the rule, and is closed once when it is cancelled or a duplicate"],
    },
  },
  W1: {
    what: "usage for missing arguments; the fingerprint of the host key and the password at the terminal",
    tests: {
      [PLAIN_SSH]: [
        "the weblog monitor prints its usage, and names an unknown host",
        "the weblog monitor shows the fingerprint of an unknown host key at the terminal, and continues once it is accepted",
      ],
      "interop/cli-prompts.test.ts": ["prompts at the terminal as ssh does, and shows no secret"],
    },
  },
  W2: {
    what: "tail -f on any sshd, record by record; fault: a record in two chunks breaks",
    tests: {
      [PLAIN_SSH]: [
        "the weblog monitor follows a log on a stock sshd through rotation, until a visit to its stop path ends it",
      ],
      "unit/runtime/client/read-records.test.ts": [
        "yields whole lines wherever the chunks are split, also within a character",
      ],
    },
  },
  W3: {
    what: "requests with status 200 and a referrer are printed as `referrer --> resource`",
    tests: {
      "examples/weblog.test.ts": ["prints where visitors come from, and exits on a visit to /kill-weblog-monitor"],
      [EXAMPLES]: ["03-weblog prints referrers until its stop path is requested"],
    },
  },
  W4: {
    what: "a request for /kill-weblog-monitor ends the stream and the program",
    tests: {
      "examples/weblog.test.ts": ["prints where visitors come from, and exits on a visit to /kill-weblog-monitor"],
      [PLAIN_SSH]: [
        "the weblog monitor follows a log on a stock sshd through rotation, until a visit to its stop path ends it",
      ],
    },
  },
  W5: {
    what: "a file is copied; fault: only its first chunk",
    tests: {
      [PLAIN_SSH]: ["files are copied completely, from and to a stock sshd"],
      "interop/remote.test.ts": ["files of any size and name are copied both ways, with their checksums verified"],
    },
  },
  W6: {
    what: "any ssh client watches a log, several at once, with user and password; fault: any key passes",
    tests: {
      "interop/weblog-viewers.test.ts": [
        "several users with only ssh watch one log at once, and one who leaves does not affect the others",
      ],
      "examples/weblog.test.ts": ["viewers that disconnect at any moment leave no open file and no watcher"],
      [AUTH]: ["ssh logs in with a password, and is denied with a wrong one"],
      "interop/openssh.test.ts": ["ssh with an unlisted key is rejected"],
    },
  },
};
