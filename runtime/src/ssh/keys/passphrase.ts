/** Opens encrypted private keys: the passphrase, or a function that is asked for it with the file's name. */
export type Passphrase = string | ((file: string) => string | Promise<string>);
