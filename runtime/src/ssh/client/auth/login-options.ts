import type { IdentitySource } from "../../keys/identity/identity.js";
import type { Passphrase } from "../../keys/identity/passphrase.js";

/** The account that a password or an answer is for: of the target or of a jump host. */
export interface Account {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/** A request of keyboard-interactive authentication (RFC 4256). Its texts come from the server unescaped. */
export interface PromptRequest extends Account {
  readonly name: string;
  readonly instructions: string;
  /** May be empty: then `name` and `instructions` are for display only. */
  readonly prompts: readonly { readonly text: string; readonly echo: boolean }[];
}

/** How a client authenticates: by keys, and where given by password or prompts. */
export interface LoginOptions {
  /**
   * The private keys to authenticate with: a file, the text of a key, or a function that returns the text; or a list of
   * these, in the order to try; an empty list for none. Formats: OpenSSH, PKCS#8, and PEM for RSA and ECDSA. A certificate
   * beside a key (`id_ed25519-cert.pub`) is offered first. Default: the keys of the agent, then `~/.ssh/id_ed25519`,
   * `id_ecdsa` and `id_rsa`, if they exist.
   */
  readonly identity?: IdentitySource | readonly IdentitySource[];
  /** User certificates, in addition to those beside the identities: files, each for a key of an identity or of the agent. */
  readonly certificate?: string | readonly string[];
  /** Whether to offer only the identities, and no other key of the agent. Default: true if `identity` is given. */
  readonly identitiesOnly?: boolean;
  /**
   * Decrypts private keys: the passphrase, or a function that returns it, called once per file when a server asks for that
   * key. The time in which a user is asked, here and below, does not count toward `connectTimeout`.
   */
  readonly passphrase?: Passphrase;
  /**
   * The socket of the agent, or false for none. With `identitiesOnly`, the agent is used only where an identity is encrypted or
   * a security key. Default: `$SSH_AUTH_SOCK`.
   */
  readonly agent?: string | false;
  /**
   * The password, or a function that returns it, called at most three times, if the server accepts passwords and has
   * accepted no key; undefined for no password. A string is for the target alone, never for a jump host; it also answers a
   * keyboard-interactive request with one hidden prompt.
   */
  readonly password?: string | ((account: Account) => string | undefined | Promise<string | undefined>);
  /** Returns a new password if the server requires a change, with the server's message. Default: authentication fails. */
  readonly newPassword?: (account: Account & { readonly message: string }) => string | Promise<string>;
  /**
   * Answers keyboard-interactive requests, one answer per prompt, in order; undefined gives up. Called once per round: for at
   * most three attempts and twenty rounds.
   */
  readonly prompts?: (request: PromptRequest) => readonly string[] | undefined | Promise<readonly string[] | undefined>;
}
