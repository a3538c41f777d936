/**
 * A host key: a file name, or the text of a private key. A string that starts with `-----BEGIN`, or a Buffer, is the key
 * itself.
 */
export type HostKeySource = string | Buffer | { readonly privateKey: string | Buffer; readonly passphrase?: string };
