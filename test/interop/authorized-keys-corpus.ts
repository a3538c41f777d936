/** One entry of authorized_keys, of one or more lines, made from its key `ssh-ed25519 AAAA…`. */
export interface CorpusEntry {
  readonly what: string;
  readonly text: (key: string) => string | Buffer;
  /** Whether the key is accepted from 127.0.0.1. */
  readonly accepted: boolean;
  /** Why this server rejects an entry that sshd accepts. */
  readonly stricter?: string;
}

type Text = CorpusEntry["text"];

const accepted = (what: string, text: Text): CorpusEntry => ({ what, text, accepted: true });
const refused = (what: string, text: Text): CorpusEntry => ({ what, text, accepted: false });
const stricter = (what: string, text: Text, reason: string): CorpusEntry => ({
  ...refused(what, text),
  stricter: reason,
});

const [type, blob] = [(key: string) => key.split(" ")[0], (key: string) => key.split(" ")[1] as string];
const at = (days: number) => new Date(Date.now() + days * 86_400_000);
const digits = (date: Date) => date.toISOString().replace(/[-:T]|\.\d+Z/g, "");
const local = (date: Date) => digits(new Date(date.getTime() - date.getTimezoneOffset() * 60_000));

/** Entries to compare with sshd and `ssh-keygen -lf`. The last one has no newline. */
export const CORPUS: readonly CorpusEntry[] = [
  // Lines and keys.
  accepted("a bare key", (key) => key),
  accepted("a comment", (key) => `${key} alice@laptop`),
  accepted("a comment of several words, and quotes", (key) => `${key} it's "alice" at home`),
  accepted("a comment that looks like a key", (key) => `${key} ssh-ed25519 AAAA`),
  accepted("a comment in Latin-1", (key) => Buffer.concat([Buffer.from(`${key} Zo`), Buffer.of(0xeb)])),
  accepted("a comment in UTF-8", (key) => `${key} Zoë 🔑`),
  accepted("spaces before it", (key) => `   ${key} alice`),
  accepted("tabs for spaces", (key) => `\t${type(key)}\t${blob(key)}\talice`),
  accepted("many spaces", (key) => `${type(key)}    ${blob(key)}     alice   `),
  accepted("CRLF", (key) => `${key} alice\r`),
  accepted("CRLF without a comment", (key) => `${key}\r`),
  accepted("a tab after the options", (key) => `restrict\t${key}`),
  accepted("blank lines and comments around it", (key) => `\n# comment\n \t \n${key}\n#${key}\n\r`),
  refused("a line that is a comment", (key) => `#${key}`),
  refused("a comment after spaces", (key) => `  # ${key}`),
  refused("a type alone", (key) => `${type(key)}`),
  refused("a key without its type", (key) => blob(key)),
  refused("another key type", (key) => `ssh-rsa ${blob(key)}`),
  refused("a type in capitals", (key) => `SSH-ED25519 ${blob(key)}`),
  refused("an unknown type", (key) => `ssh-magic ${blob(key)}`),
  refused("a certificate's type", (key) => `ssh-ed25519-cert-v01@openssh.com ${blob(key)}`),
  refused("a truncated key", (key) => key.slice(0, -8)),
  refused(
    "a key with trailing bytes",
    (key) => `${type(key)} ${Buffer.concat([Buffer.from(blob(key), "base64"), Buffer.alloc(3)]).toString("base64")}`,
  ),
  refused("invalid base64", (key) => key.replace(/.{4}$/, "!!!!")),
  refused("base64url", (key) => `${type(key)} ${blob(key).slice(0, 40)}-_${blob(key).slice(42)}`),
  refused("a space inside of the key", (key) => `${key.slice(0, 40)} ${key.slice(40)}`),
  refused("a fingerprint in place of a key", (key) => `${type(key)} SHA256:${blob(key).slice(0, 43)}`),
  refused("a host before it, as in known_hosts", (key) => `example.com ${key}`),
  refused("a number before it, as in SSH 1", (key) => `2048 ${key}`),
  refused("binary garbage before it", (key) =>
    Buffer.concat([Buffer.from([1, 2, 0xff, 0xfe, 0x80, 0x1b]), Buffer.from(key)]),
  ),
  refused("a byte order mark", (key) => `\uFEFF${key}`),
  refused("a no-break space before it", (key) => `\u00A0${key}`),
  refused("a form feed before it", (key) => `\f${key}`),
  stricter("a NUL byte in the comment", (key) => `${key} a\0b`, "the file is damaged"),
  stricter(
    "a form feed inside of the key",
    (key) => `${key.slice(0, 40)}\f${key.slice(40)}`,
    "ssh-keygen never writes one",
  ),
  stricter("a comment of 1 MB", (key) => `${key} ${"x".repeat(1_000_000)}`, "a line has at most 64 Ki characters"),
  accepted("a comment of 60,000 characters", (key) => `${key} ${"x".repeat(60_000)}`),

  // Options.
  accepted("one without a value", (key) => `restrict ${key}`),
  accepted(
    "all without a value",
    (key) =>
      `agent-forwarding,port-forwarding,pty,user-rc,X11-forwarding,no-agent-forwarding,no-port-forwarding,no-pty,no-user-rc,no-X11-forwarding,restrict ${key}`,
  ),
  accepted(
    "options of security keys, for another key",
    (key) => `no-touch-required,verify-required,touch-required,no-verify-required ${key}`,
  ),
  accepted("options in capitals", (key) => `RESTRICT,No-Pty,COMMAND="true" ${key}`),
  accepted("a repeated option", (key) => `restrict,restrict ${key}`),
  accepted("spaces, commas and escaped quotes in a value", (key) => `command="echo \\"a, b\\" 'c' #d" ${key}`),
  accepted("backslashes without an escape", (key) => `command="a\\b\\\\c\\n" ${key}`),
  accepted("an empty value", (key) => `command="" ${key}`),
  refused("an unknown option", (key) => `magic ${key}`),
  refused("an unknown option after others", (key) => `restrict,magic="x" ${key}`),
  refused("an option with a suffix", (key) => `restricted ${key}`),
  refused("a value of an option without one", (key) => `restrict="yes" ${key}`),
  refused("a missing value", (key) => `command ${key}`),
  refused("a value without quotes", (key) => `command=true ${key}`),
  refused("a value in single quotes", (key) => `command='true' ${key}`),
  refused("an unclosed quote", (key) => `command="true ${key}`),
  refused("an escaped closing quote", (key) => `command="true\\" ${key}`),
  refused("text after a quote", (key) => `command="true"x ${key}`),
  refused("the prefix no- of an option without it", (key) => `no-restrict ${key}`),
  refused("a repeated command", (key) => `command="a",command="b" ${key}`),
  refused("options after the key's type", (key) => `${type(key)} restrict ${blob(key)}`),
  refused("two groups of options", (key) => `restrict no-pty ${key}`),
  refused("options without a key", () => "restrict,no-pty"),
  stricter("a comma before them", (key) => `,restrict ${key}`, "an empty option hides the intended one"),
  stricter("a comma after them", (key) => `restrict, ${key}`, "an empty option hides the intended one"),
  stricter("two commas", (key) => `restrict,,no-pty ${key}`, "an empty option hides the intended one"),

  // Source addresses.
  accepted("its address", (key) => `from="127.0.0.1" ${key}`),
  accepted("its network", (key) => `from="127.0.0.0/8" ${key}`),
  accepted("any network", (key) => `from="0.0.0.0/0" ${key}`),
  accepted("a pattern", (key) => `from="127.0.?.*" ${key}`),
  accepted("one of several", (key) => `from="10.0.0.0/8,2001:db8::/32,127.0.0.1" ${key}`),
  accepted("all but another", (key) => `from="*,!127.0.0.2" ${key}`),
  accepted("a name among others", (key) => `from="host.example.com,127.0.0.1" ${key}`),
  refused("another address", (key) => `from="127.0.0.2" ${key}`),
  refused("another network", (key) => `from="10.0.0.0/8" ${key}`),
  refused("networks of IPv6 alone", (key) => `from="::/0" ${key}`),
  refused("all but its network", (key) => `from="*,!127.0.0.0/8" ${key}`),
  refused("itself, and not itself", (key) => `from="127.0.0.1,!127.0.0.*" ${key}`),
  refused("only an excluded network", (key) => `from="!10.0.0.0/8" ${key}`),
  refused("a name", (key) => `from="host.example.com" ${key}`),
  refused("an empty list", (key) => `from="" ${key}`),
  refused("an empty entry", (key) => `from="127.0.0.1," ${key}`),
  refused("a network with host bits", (key) => `from="127.0.0.1/8" ${key}`),
  refused("a prefix that is too long", (key) => `from="127.0.0.1,10.0.0.0/33" ${key}`),
  refused("a repeated from", (key) => `from="127.0.0.1",from="127.0.0.1" ${key}`),
  stricter(
    "an excluded name",
    (key) => `from="*,!host.example.com" ${key}`,
    "names are not resolved, so that the exclusion cannot be enforced",
  ),
  stricter(
    "an invalid entry after a valid one",
    (key) => `from="127.0.0.1,10.0.0.0/x" ${key}`,
    "it may be a misspelled exclusion",
  ),

  // Expiry times.
  accepted("tomorrow", (key) => `expiry-time="${local(at(1)).slice(0, 8)}" ${key}`),
  accepted("tomorrow, to the minute", (key) => `expiry-time="${local(at(1)).slice(0, 12)}" ${key}`),
  accepted("tomorrow, to the second", (key) => `expiry-time="${local(at(1))}" ${key}`),
  accepted("tomorrow in UTC", (key) => `expiry-time="${digits(at(1))}Z" ${key}`),
  accepted("tomorrow in UTC, in small letters", (key) => `expiry-time="${digits(at(1)).slice(0, 12)}utc" ${key}`),
  refused("yesterday", (key) => `expiry-time="${local(at(-1))}" ${key}`),
  refused("today's first moment", (key) => `expiry-time="${local(at(0)).slice(0, 8)}" ${key}`),
  refused("a minute ago in UTC", (key) => `expiry-time="${digits(at(-1 / 1440))}Z" ${key}`),
  refused("the earlier of two", (key) => `expiry-time="20990101",expiry-time="20200101" ${key}`),
  refused("a date with dashes", (key) => `expiry-time="2099-01-01" ${key}`),
  refused("an hour without minutes", (key) => `expiry-time="2099010112" ${key}`),
  refused("an invalid month", (key) => `expiry-time="20991301" ${key}`),
  refused("a 25th hour", (key) => `expiry-time="209901012500" ${key}`),
  refused("words", (key) => `expiry-time="forever" ${key}`),
  stricter("31 February", (key) => `expiry-time="20990231" ${key}`, "sshd reads it as 3 March"),

  // Forwarding, environment, tunnels, authorities.
  accepted("hosts to open", (key) => `permitopen="localhost:80",permitopen="[::1]:22",permitopen="192.0.2.1:*" ${key}`),
  accepted(
    "addresses to listen on",
    (key) => `permitlisten="8080",permitlisten="localhost:*",permitlisten="*:1" ${key}`,
  ),
  refused("a host to open without a port", (key) => `permitopen="localhost" ${key}`),
  refused("an invalid port", (key) => `permitopen="localhost:99999" ${key}`),
  refused("port 0", (key) => `permitopen="localhost:0" ${key}`),
  stricter("a port by its name", (key) => `permitopen="localhost:ssh" ${key}`, "port names differ between machines"),
  accepted("variables", (key) => `environment="A=1",environment="RPC_REGION=eu=1",environment="A=2" ${key}`),
  accepted("an empty variable", (key) => `environment="A=" ${key}`),
  refused("a variable without a value", (key) => `environment="A" ${key}`),
  refused("a variable with an invalid name", (key) => `environment="A-B=1" ${key}`),
  accepted("a tunnel", (key) => `tunnel="0",tunnel="any" ${key}`),
  refused("an invalid tunnel", (key) => `tunnel="x" ${key}`),
  refused("an authority as a login key", (key) => `cert-authority ${key}`),
  refused("principals without cert-authority", (key) => `principals="alice" ${key}`),
  accepted("a key that is also an authority", (key) => `cert-authority ${key}\n${key}`),

  // A key on several lines.
  accepted("the same line twice", (key) => `${key} one\n${key} two`),
  accepted("a valid line after an invalid one", (key) => `magic ${key}\n${key}`),
  accepted(
    "a line for this address after one for another",
    (key) => `from="10.0.0.0/8" ${key}\nfrom="127.0.0.1" ${key}`,
  ),
  accepted("a valid line after an expired one", (key) => `expiry-time="20200101" ${key}\n${key}`),
  refused("two lines for other addresses", (key) => `from="10.0.0.0/8" ${key}\nfrom="192.0.2.0/24" ${key}`),
  accepted("a last line without a newline", (key) => `restrict ${key}`),
];
