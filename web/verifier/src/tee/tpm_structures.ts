/**
 * TPM 2.0 structures that a quote is made of, read strictly (TPM 2.0 Library, part 2: 10.12.8, 11.3, 12.2).
 * `zkseal.tee.tpm_structures` in TypeScript.
 */

import { concat } from "../cbor.js";
import { ZksealError } from "../errors.js";
import { bigEndian, padStart } from "./bytes.js";
import type { HashName } from "./hashes.js";
import { ecPublicKey, rsaPublicKey } from "./pem.js";

const TPM_GENERATED = 0xff544347;
const ST_ATTEST_QUOTE = 0x8018;
const ALG_RSA = 0x0001;
const ALG_NULL = 0x0010;
const ALG_RSASSA = 0x0014;
const ALG_ECDSA = 0x0018;
const ALG_ECC = 0x0023;
const ALG_SHA256 = 0x000b;
const ALG_SHA384 = 0x000c;
/** Hash algorithms by their numbers. */
export const TPM_HASHES: ReadonlyMap<number, HashName> = new Map([
  [0x0004, "sha1"],
  [ALG_SHA256, "sha256"],
  [ALG_SHA384, "sha384"],
  [0x000d, "sha512"],
]);
const CURVES: ReadonlyMap<number, readonly [string, number]> = new Map([
  [3, ["P-256", 32]],
  [4, ["P-384", 48]],
]);
const DEFAULT_EXPONENT = Uint8Array.of(1, 0, 1);

/** Big-endian bytes, bounds checked. */
class Reader {
  private at = 0;

  constructor(
    private readonly data: Uint8Array,
    private readonly what: string,
  ) {}

  take(count: number): Uint8Array {
    if (this.at + count > this.data.length) throw refused(`The ${this.what} ends too early.`, this.what);
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }

  /** A number of at most four bytes. */
  number(count: number): number {
    return Number(bigEndian(this.take(count)));
  }

  /** A TPM2B: two bytes of size, then so many. */
  sized(): Uint8Array {
    return this.take(this.number(2));
  }

  /** Nothing may follow. */
  end(): void {
    if (this.at !== this.data.length) throw refused(`Bytes follow the ${this.what}.`, this.what);
  }
}

/** A TPMS_ATTEST of a quote. */
export interface Attest {
  /** What the caller asked to be bound. */
  readonly extraData: Uint8Array;
  /** Bank and PCR numbers in order for each bank, each once. */
  readonly selection: readonly (readonly [HashName, readonly number[]])[];
  /** Over the values of the selected PCRs, in order. */
  readonly pcrDigest: Uint8Array;
  readonly clockMs: bigint;
  readonly resetCount: number;
  readonly firmwareVersion: bigint;
}

/** A TPMT_SIGNATURE: the scheme by its name in RFC 7518, the bytes as `attestSignature` takes them. */
export interface Signature {
  readonly scheme: string;
  readonly value: Uint8Array;
}

/** Throws `InvalidEncoding`: no quote that a TPM made. */
export function decodeAttest(data: Uint8Array): Attest {
  const what = "quote";
  const reader = new Reader(data, what);
  if (reader.number(4) !== TPM_GENERATED || reader.number(2) !== ST_ATTEST_QUOTE) {
    throw refused(`These bytes are no ${what} made inside a TPM.`, what);
  }
  reader.sized(); // qualified signer
  const extraData = reader.sized();
  const clockMs = bigEndian(reader.take(8));
  const resetCount = reader.number(4);
  reader.take(4 + 1); // restarts, safe
  const firmwareVersion = bigEndian(reader.take(8));
  const selection: [HashName, number[]][] = [];
  for (let left = reader.number(4); left > 0; left--) {
    const bank = TPM_HASHES.get(reader.number(2));
    const bits = reader.take(reader.number(1));
    if (bank === undefined) throw refused("A PCR bank has a hash that is not known here.", "TPM quote");
    const chosen = Array.from({ length: 8 * bits.length }, (_, index) => index);
    selection.push([bank, chosen.filter((index) => ((bits[index >> 3] ?? 0) >> (index & 7)) & 1)]);
  }
  if (new Set(selection.map(([bank]) => bank)).size !== selection.length) {
    throw refused("A PCR bank is selected twice.", "TPM quote");
  }
  const pcrDigest = reader.sized();
  reader.end();
  return { extraData, selection, pcrDigest, clockMs, resetCount, firmwareVersion };
}

/** Throws `InvalidEncoding`: neither RSASSA nor ECDSA with SHA-256 or SHA-384. */
export function decodeSignature(data: Uint8Array): Signature {
  const what = "TPM signature";
  const reader = new Reader(data, what);
  const kind = reader.number(2);
  const algorithm = reader.number(2);
  const known = algorithm === ALG_SHA256 || algorithm === ALG_SHA384;
  if (!known || (kind !== ALG_RSASSA && kind !== ALG_ECDSA)) {
    throw refused("The signature scheme of the TPM is not supported.", what);
  }
  const [bits, width] = algorithm === ALG_SHA256 ? [256, 32] : [384, 48];
  if (kind === ALG_RSASSA) {
    const found = { scheme: `RS${bits}`, value: reader.sized() };
    reader.end();
    return found;
  }
  const parts = [reader.sized(), reader.sized()];
  if (parts.some((part) => part.length > width)) throw refused("A part of the TPM's signature is too long.", what);
  reader.end();
  return { scheme: `ES${bits}`, value: concat(parts.map((part) => padStart(part, width))) };
}

/** SubjectPublicKeyInfo of a TPMT_PUBLIC, RSA or ECC. Throws `InvalidEncoding`. */
export function decodePublic(data: Uint8Array): Uint8Array {
  const what = "TPM public key";
  const reader = new Reader(data, what);
  const kind = reader.number(2);
  reader.take(2 + 4); // name algorithm, attributes
  reader.sized(); // policy
  if (kind !== ALG_RSA && kind !== ALG_ECC) throw refused("The TPM's key is neither RSA nor ECC.", what);
  if (reader.number(2) !== ALG_NULL) reader.take(2 + 2); // symmetric key bits and mode
  if (reader.number(2) !== ALG_NULL) reader.take(2); // hash of the scheme
  const found = kind === ALG_RSA ? rsaParameters(reader) : eccParameters(reader);
  reader.end();
  return found;
}

function rsaParameters(reader: Reader): Uint8Array {
  reader.take(2); // key bits
  const exponent = reader.take(4);
  const modulus = reader.sized();
  return rsaPublicKey(modulus, exponent.some((byte) => byte !== 0) ? exponent : DEFAULT_EXPONENT);
}

function eccParameters(reader: Reader): Uint8Array {
  const [curve, width] = CURVES.get(reader.number(2)) ?? ["", 0];
  if (reader.number(2) !== ALG_NULL) reader.take(2); // hash of the key derivation
  const [x, y] = [reader.sized(), reader.sized()];
  return ecPublicKey(curve, padStart(x, width), padStart(y, width));
}

function refused(text: string, reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason });
}
