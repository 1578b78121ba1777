/** PEM (RFC 7468) to DER, and public keys as SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). `zkseal.tee.pem` in TypeScript. */

import { concat } from "../cbor.js";
import { ZksealError } from "../errors.js";
import { fromHex } from "../hex.js";
import { ascii, decodeBase64, indexOf, startsWith } from "./bytes.js";

const MAX_BLOCKS = 256;
const MAX_LABEL_BYTES = 64;
const BEGIN = ascii("-----BEGIN ");
const DASHES = ascii("-----");
const EC_HEADS: ReadonlyMap<string, readonly [number, string]> = new Map([
  ["P-256", [32, "3059301306072a8648ce3d020106082a8648ce3d030107034200"]],
  ["P-384", [48, "3076301006072a8648ce3d020106052b81040022036200"]],
]);
const RSA_ALGORITHM = "300d06092a864886f70d0101010500";

/** Blanks of bytes in Python. */
export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

function skipBlanks(data: Uint8Array): number {
  const at = data.findIndex((byte) => !isBlank(byte));
  return at < 0 ? data.length : at;
}

/** `data` without blanks before it. */
export function trimStart(data: Uint8Array): Uint8Array {
  return data.subarray(skipBlanks(data));
}

/** Whether `data` looks like PEM. */
export function isPem(data: Uint8Array): boolean {
  return startsWith(data, BEGIN, skipBlanks(data));
}

/** [label, DER] of each block. Throws `InvalidEncoding`. */
export function pemBlocks(data: Uint8Array): [string, Uint8Array][] {
  const found: [string, Uint8Array][] = [];
  for (const [label, body] of blocks(data)) {
    if (found.length === MAX_BLOCKS) throw refused(`There are more than ${MAX_BLOCKS} PEM blocks.`);
    const text = Array.from(body.filter((byte) => !isBlank(byte)), (byte) => String.fromCharCode(byte)).join("");
    const der = decodeBase64(text);
    if (der === undefined) throw refused("A PEM block holds no base64.");
    found.push([label, der]);
  }
  return found;
}

/** [label, what stands between the lines] of each block, in one pass over the bytes. */
function* blocks(data: Uint8Array): Generator<[string, Uint8Array]> {
  let start = indexOf(data, BEGIN);
  while (start >= 0) {
    const at = start + BEGIN.length;
    const endOfLabel = indexOf(data, DASHES, at, at + MAX_LABEL_BYTES + DASHES.length);
    const label = data.subarray(at, Math.max(endOfLabel, at));
    const body = endOfLabel + DASHES.length;
    // The next line of dashes has to be the end of this block: nothing is searched twice.
    const end = indexOf(data, DASHES, body);
    const last = concat([ascii("-----END "), label, DASHES]);
    if (endOfLabel < 0 || end < 0 || !isLabel(label) || !isBlank(data[body]) || !startsWith(data, last, end)) {
      throw refused("A PEM block has no end.");
    }
    yield [String.fromCharCode(...label), data.subarray(body, end)];
    start = indexOf(data, BEGIN, end + last.length);
  }
}

function isLabel(label: Uint8Array): boolean {
  return /^[A-Z0-9 ]+$/.test(String.fromCharCode(...label));
}

/** Certificates in DER: of PEM all of them, or `data` itself. */
export function certificates(data: Uint8Array): Uint8Array[] {
  if (!isPem(data)) return [data];
  return pemBlocks(data).flatMap(([label, der]) => (label === "CERTIFICATE" ? [der] : []));
}

function der(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const body = concat(parts);
  if (body.length < 0x80) return concat([Uint8Array.of(tag, body.length), body]);
  const digits = body.length.toString(16);
  const length = fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
  return concat([Uint8Array.of(tag, 0x80 | length.length), length, body]);
}

/** An unsigned number, without zeros before it but the one that keeps it positive. */
function integer(value: Uint8Array): Uint8Array {
  const first = value.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? new Uint8Array() : value.subarray(first);
  const positive = digits.length === 0 || (digits[0] ?? 0) >= 0x80;
  return der(2, positive ? Uint8Array.of(0) : new Uint8Array(), digits);
}

/** SubjectPublicKeyInfo of an RSA key; modulus and exponent are big-endian. */
export function rsaPublicKey(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  const key = der(0x30, integer(modulus), integer(exponent));
  return der(0x30, fromHex(RSA_ALGORITHM), der(3, Uint8Array.of(0), key));
}

/** SubjectPublicKeyInfo of a point on P-256 or P-384. Throws `InvalidEncoding`. */
export function ecPublicKey(curve: string, x: Uint8Array, y: Uint8Array): Uint8Array {
  const [width, head] = EC_HEADS.get(curve) ?? [undefined, ""];
  if (x.length !== width || y.length !== width) {
    const text = `${curve} with coordinates of ${x.length} and ${y.length} bytes is no key.`;
    throw new ZksealError("InvalidEncoding", text, { reason: "EC key" });
  }
  return concat([fromHex(head), Uint8Array.of(4), x, y]);
}

function refused(text: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason: "PEM" });
}
