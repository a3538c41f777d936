#!/bin/sh
# Makes the keys and certificates of test/fixtures/keys again; needs OpenSSH 9.2 or later, and OpenSSL 3. Run it only to add or
# replace fixtures: the tests use the committed files, so that no test generates a key of RSA or ECDSA.
set -eu
cd "$(dirname "$0")/../test/fixtures/keys"
find . -type f ! -name README.md -delete

# One round of bcrypt: the default takes seconds on a busy machine, and tests the same code.
keygen() { ssh-keygen -q -a 1 "$@"; }
passphrase="correct horse"

# make NAME TYPE BITS: an unencrypted key in OpenSSH's format.
make() { keygen -t "$2" -b "$3" -N "" -C "sshrpc test key $1" -f "$1"; }

# Tests take the keys of one type in turn, so there are several.
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do make "ed25519-$i" ed25519 256; done
for i in 1 2 3 4 5 6; do
  make "rsa-2048-$i" rsa 2048
  make "ecdsa-256-$i" ecdsa 256
  make "ecdsa-384-$i" ecdsa 384
  make "ecdsa-521-$i" ecdsa 521
done
make rsa-3072-1 rsa 3072
# Refused: too short, and of a type without support. OpenSSH 10 and later cannot make the second one.
make rsa-1024-1 rsa 1024
make dsa-1024-1 dsa 1024

# The key of each type in every format of ssh-keygen, unencrypted and encrypted.
for type in ed25519 rsa-2048 ecdsa-256 ecdsa-384 ecdsa-521; do
  case $type in ed25519) formats=RFC4716 ;; *) formats="RFC4716 PEM PKCS8" ;; esac
  for format in $formats; do
    for secret in "" "$passphrase"; do
      name="$type-$format${secret:+-encrypted}"
      cp "$type-1" "$name"
      keygen -p -m "$format" -N "$secret" -f "$name" >/dev/null
      cp "$type-1.pub" "$name.pub"
    done
  done
done

# Formats that ssh-keygen does not write by default, or at all.
cp ed25519-1 ed25519-chacha20-encrypted
keygen -p -Z chacha20-poly1305@openssh.com -N "$passphrase" -f ed25519-chacha20-encrypted >/dev/null
openssl genpkey -quiet -algorithm ed25519 -out ed25519-openssl
openssl pkcs8 -topk8 -in ed25519-openssl -passout "pass:$passphrase" -out ed25519-openssl-encrypted
openssl genpkey -quiet -algorithm x25519 -out x25519-openssl
openssl ec -in ecdsa-256-PEM -out ecdsa-256-openssl 2>/dev/null

# Certificates that do not expire, by an authority for each use.
keygen -t ed25519 -N "" -C "sshrpc test authority for users" -f user-ca
keygen -t rsa -b 2048 -N "" -C "sshrpc test authority for hosts" -f host-ca
for use in user host; do
  make "$use-ed25519" ed25519 256
  make "$use-rsa-2048" rsa 2048
  for bits in 256 384 521; do make "$use-ecdsa-$bits" ecdsa "$bits"; done
done
for type in ed25519 rsa-2048 ecdsa-256 ecdsa-384 ecdsa-521; do
  keygen -s user-ca -I laptop -n alice -z 7 "user-$type.pub"
  keygen -s host-ca -I edge -h -n 127.0.0.1,edge -z 7 "host-$type.pub"
done
