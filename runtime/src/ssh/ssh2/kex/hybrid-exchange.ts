import { createHash, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { HYBRID_KEX } from "../../algorithms.js";
import { ML_KEM_SIZES, type MlKem } from "../../ml-kem/ml-kem.js";
import type { KeyExchange } from "../internals.js";

/** A key exchange on curve25519 (protocol/kex.js:1363). */
export interface CurveExchange extends KeyExchange {
  /** For messages. */
  type: string;
  /** Set once its value is known. */
  readonly _keys: { readonly privateKey: KeyObject };
  /** The value of this side, which the first call generates. */
  getPublicKey(): Buffer;
  /** The value of the peer as the exchange hash has it. */
  convertPublicKey(value: Buffer): Buffer;
  /** The shared secret as the exchange hash and the keys have it; an Error ends the connection. */
  computeSecret(value: Buffer): Buffer | Error;
}

/** Bytes of an X25519 key. */
const X25519_SIZE = 32;

/**
 * Turns ssh2's curve25519 exchange into mlkem768x25519-sha256 (draft-ietf-sshm-mlkem-hybrid-kex). ssh2 hashes the secret and both
 * values as this exchange returns them (protocol/kex.js:591), so K is a string, not an mpint, as the draft requires. It reads the
 * secret of a server before the server's value, and the value of a client first. test/unit/runtime/ssh/ssh2/kex notices a change.
 */
export function makeHybrid(exchange: CurveExchange, kem: MlKem, role: "client" | "server"): void {
  // ssh2 generates the key pair with the first call, and keeps it.
  const curveValue = exchange.getPublicKey.bind(exchange);
  const values = { curveValue, curveKey: () => exchange._keys.privateKey };
  const { getPublicKey, computeSecret } = role === "server" ? serverSide(kem, values) : clientSide(kem, values);
  exchange.negotiated.kex = HYBRID_KEX;
  exchange.type = HYBRID_KEX;
  exchange.convertPublicKey = (value) => value;
  exchange.getPublicKey = getPublicKey;
  exchange.computeSecret = (value) => {
    try {
      return computeSecret(value);
    } catch (error) {
      // ssh2 ends the connection with it, and adds the name of the exchange.
      return error instanceof Error ? error : new Error(String(error));
    }
  };
}

/** The X25519 key pair of ssh2. */
interface CurveValues {
  readonly curveValue: () => Buffer;
  readonly curveKey: () => KeyObject;
}

type Side = Pick<CurveExchange, "getPublicKey"> & { computeSecret(value: Buffer): Buffer };

/** C_INIT is an encapsulation key and an X25519 value, S_REPLY a ciphertext and an X25519 value. */
function clientSide(kem: MlKem, { curveValue, curveKey }: CurveValues): Side {
  const keyPair = kem.keyGen();
  const init = Buffer.concat([keyPair.encapsulationKey, curveValue()]);
  return {
    getPublicKey: () => init,
    computeSecret(value) {
      const [ciphertext, curve] = split(value, ML_KEM_SIZES.ciphertext);
      const curveSecret = x25519(curveKey(), curve);
      return combine(keyPair.decapsulate(ciphertext), curveSecret);
    },
  };
}

function serverSide(kem: MlKem, { curveValue, curveKey }: CurveValues): Side {
  let reply: Buffer | undefined;
  return {
    getPublicKey: () => reply as Buffer,
    computeSecret(value) {
      const [key, curve] = split(value, ML_KEM_SIZES.encapsulationKey);
      const ours = curveValue();
      const curveSecret = x25519(curveKey(), curve);
      const { ciphertext, sharedSecret } = encapsulate(kem, key);
      reply = Buffer.concat([ciphertext, ours]);
      return combine(sharedSecret, curveSecret);
    },
  };
}

/** The parts of the peer's value: `size` bytes of ML-KEM, and its X25519 value. */
function split(value: Buffer, size: number): readonly [kem: Buffer, curve: Buffer] {
  const expected = size + X25519_SIZE;
  if (value.length !== expected) throw new Error(`${value.length} bytes from the peer; they must be ${expected}`);
  return [value.subarray(0, size), value.subarray(size)];
}

/** Node throws where the result is all zero (RFC 7748, section 6.1). */
function x25519(privateKey: KeyObject, value: Buffer): Buffer {
  // OpenSSL decodes DER for ten times as long as Node reads a JWK.
  const key = { kty: "OKP", crv: "X25519", x: value.toString("base64url") };
  try {
    return diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: "jwk" }) });
  } catch (error) {
    throw new Error("the X25519 value of the peer is of small order", { cause: error });
  }
}

/** The messages of the implementations of ML-KEM differ. */
function encapsulate(kem: MlKem, key: Buffer): ReturnType<MlKem["encapsulate"]> {
  try {
    return kem.encapsulate(key);
  } catch (error) {
    throw new Error("the ML-KEM key of the client is invalid (FIPS 203, section 7.2)", { cause: error });
  }
}

/** K of both secrets (draft-ietf-sshm-mlkem-hybrid-kex, section 2.5). */
function combine(kemSecret: Uint8Array, curveSecret: Buffer): Buffer {
  return createHash("sha256").update(kemSecret).update(curveSecret).digest();
}
