/** Names of algorithms as in RFC 4253 and the IANA registry; no list may be empty. */
export interface AlgorithmOptions {
  /**
   * Key exchange methods. `mlkem768x25519-sha256` alone requires a post-quantum key exchange. Default: `mlkem768x25519-sha256`,
   * `curve25519-sha256@libssh.org`, `curve25519-sha256`, `diffie-hellman-group16-sha512` and `…group18-…`; a server offers
   * `ecdh-sha2-nistp256`, too, to clients of Ruby's net-ssh, which may have none of them.
   */
  readonly kex?: readonly string[];
  /**
   * Ciphers. Default: `aes256-gcm@openssh.com`, `aes128-gcm@openssh.com`, `aes256-ctr`, `aes192-ctr`, `aes128-ctr`;
   * a server offers OpenSSH's clients, which would choose a slow one, the first two alone.
   */
  readonly cipher?: readonly string[];
  /**
   * Message authentication codes. Default: `hmac-sha2-256-etm@openssh.com` and `hmac-sha2-512-etm@openssh.com`; a server
   * offers `hmac-sha2-256`, too, to clients of dropbear, Twisted Conch and libssh2 before 1.11, which have neither; a client
   * offers `hmac-sha2-256` and `hmac-sha2-512` last.
   */
  readonly hmac?: readonly string[];
}
