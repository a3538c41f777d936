/** Where a private key comes from: a file, or the text of one. */
export type HostKeySource = string | { readonly privateKey: string | Buffer; readonly passphrase?: string };
