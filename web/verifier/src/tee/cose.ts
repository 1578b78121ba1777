/**
 * COSE_Sign1 with ES256K: the one form in which answers are signed (RFC 9052 section 4.2, RFC 8812).
 * `zkseal.receipts.cose` in TypeScript.
 *
 * A message has one encoding: tag 18, the protected header {1: -47 (ES256K), 3: content type}, no unprotected header, the
 * payload, a signature of 64 bytes.
 */

import { concat, decode, encode } from "../cbor.js";
import { ZksealError } from "../errors.js";
import { startsWith } from "./bytes.js";

const SIGNATURE_BYTES = 64;
/** Of the signature's encoding: a head of two bytes. */
const TAIL_BYTES = SIGNATURE_BYTES + 2;
const TAG_ARRAY_4 = Uint8Array.of(0xd2, 0x84);
const NO_UNPROTECTED = Uint8Array.of(0xa0);
/** {1: -47, 3: ..}: RFC 8812 gives ES256K the number -47. */
const PROTECTED = Uint8Array.of(0xa2, 0x01, 0x38, 0x2e, 0x03);

/** A message as it was read; its signature is not checked. */
export interface Sign1 {
  readonly payload: Uint8Array;
  /** What the signature is over. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Reads a message; `external` is what the signature covers and the message does not hold. Throws `DecodeError`s. */
export function readSign1(data: Uint8Array, contentType: string, external: Uint8Array, maxBytes: number): Sign1 {
  if (data.length > maxBytes) {
    const text = `${data.length} bytes where at most ${maxBytes} are read.`;
    throw new ZksealError("WrongLength", text, { expected: maxBytes, got: data.length });
  }
  const protectedHeader = concat([PROTECTED, encode(contentType)]);
  const head = concat([TAG_ARRAY_4, encode(protectedHeader), NO_UNPROTECTED]);
  if (!startsWith(data, head) || data.length < head.length + TAIL_BYTES) {
    const text = `This is no message of type ${contentType} signed by ES256K.`;
    throw new ZksealError("InvalidEncoding", text, { reason: "COSE_Sign1" });
  }
  const payload = decode(data.subarray(head.length, data.length - TAIL_BYTES), maxBytes);
  const signature = decode(data.subarray(data.length - TAIL_BYTES), TAIL_BYTES);
  if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES) {
    const text = "The message's payload or signature are no byte strings.";
    throw new ZksealError("InvalidEncoding", text, { reason: "COSE_Sign1" });
  }
  return { payload, signed: encode(["Signature1", protectedHeader, external, payload]), signature };
}
