/** Names of algorithms as in RFC 4253 and the IANA registry; no list may be empty. */
export interface AlgorithmOptions {
  /**
   * Key exchange methods. Default: `curve25519-sha256@libssh.org`, `curve25519-sha256`, `diffie-hellman-group16-sha512` and
   * `…group18-…`; for clients of Ruby's net-ssh, which may have none of them, also `ecdh-sha2-nistp256`.
   */
  readonly kex?: readonly string[];
  /**
   * Ciphers. Default: `aes256-gcm@openssh.com`, `aes128-gcm@openssh.com`, `aes256-ctr`, `aes192-ctr`, `aes128-ctr`;
   * for OpenSSH's clients, which would choose a slow one, the first two alone.
   */
  readonly cipher?: readonly string[];
  /**
   * Message authentication codes. Default: `hmac-sha2-256-etm@openssh.com` and `hmac-sha2-512-etm@openssh.com`; for
   * clients of dropbear, Twisted Conch and libssh2 before 1.11, which have neither, also `hmac-sha2-256`.
   */
  readonly hmac?: readonly string[];
}
