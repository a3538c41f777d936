import type { IdentitySource } from "../../keys/identity/identity.js";
import type { Passphrase } from "../../keys/identity/passphrase.js";

/** The account that a password or an answer is for. Of a jump host, it is that host's. */
export interface Account {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/** What a server asks in keyboard-interactive authentication (RFC 4256). Its texts are the server's, and not escaped. */
export interface PromptRequest extends Account {
  readonly name: string;
  readonly instructions: string;
  /** May be empty: then there is only something to show. */
  readonly prompts: readonly { readonly text: string; readonly echo: boolean }[];
}

/** What a client logs in with, beside its keys the ways that people use. Who gives none of them relies on keys. */
export interface LoginOptions {
  /**
   * The private keys to log in with: a file, the text of one, or a function that gets that; or several, to be tried in order;
   * an empty list for none. Formats: OpenSSH, PKCS#8, and
   * PEM of RSA and ECDSA. A certificate beside it (`id_ed25519-cert.pub`) is shown first.
   * Default: the keys of the agent, then `~/.ssh/id_ed25519`, `id_ecdsa` and `id_rsa`, those that exist.
   */
  readonly identity?: IdentitySource | readonly IdentitySource[];
  /** User certificates, beside those beside the identities: files, each of a key of an identity or of the agent. */
  readonly certificate?: string | readonly string[];
  /** Whether no other key of the agent than the identities is offered. Default: true where `identity` is given. */
  readonly identitiesOnly?: boolean;
  /**
   * Opens encrypted private keys: the passphrase, or a function that is asked for it, once for each file, when a server wants
   * that key. The clock of `connectTimeout` stands still meanwhile, here and below.
   */
  readonly passphrase?: Passphrase;
  /**
   * The socket of the agent, or false for none. Where only identities count, it is asked if one of them is encrypted or held
   * by a device. Default: `$SSH_AUTH_SOCK`.
   */
  readonly agent?: string | false;
  /**
   * The password, or a function that is asked when the server takes one and no key was accepted: three times at most; undefined
   * means that there is none. A text is for the target alone, never for a jump host, and also answers a keyboard-interactive
   * server that asks for one hidden line.
   */
  readonly password?: string | ((account: Account) => string | undefined | Promise<string | undefined>);
  /** Asked where the server wants the password changed, with what it says. Default: the login fails. */
  readonly newPassword?: (account: Account & { readonly message: string }) => string | Promise<string>;
  /**
   * Answers a server's questions, one answer a prompt, in order; undefined gives up. Called for every round: in three
   * tries and twenty rounds at most.
   */
  readonly prompts?: (request: PromptRequest) => readonly string[] | undefined | Promise<readonly string[] | undefined>;
}
