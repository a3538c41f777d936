/**
 * Where a private key comes from: a file, or the text of one. A text that begins with `-----BEGIN` is the key itself, and a
 * Buffer always is.
 */
export type HostKeySource = string | Buffer | { readonly privateKey: string | Buffer; readonly passphrase?: string };
