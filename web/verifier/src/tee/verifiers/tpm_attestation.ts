/**
 * The `Attestation` of go-tpm-tools, a protobuf message: `_decode_attestation` of `zkseal.tee.verifiers.tpm`.
 *
 * Sources: google/go-tpm-tools, proto/attest.proto and proto/tpm.proto.
 */

import { ZksealError } from "../../errors.js";
import { decodePublic, decodeSignature, type Signature } from "../tpm_structures.js";
import type { Attestation } from "./tpm.js";

/** TPMS_ATTEST, its signature, and the values of the PCRs that it selects, if they are known. */
export interface TpmQuote {
  readonly message: Uint8Array;
  readonly signature: Signature;
  readonly pcrs: readonly Uint8Array[] | null;
}

type Field = readonly [number: bigint, value: bigint | Uint8Array];

function refused(text: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason: "protobuf" });
}

/** Number and value of each field: varints and bytes, no other wire type. */
function fieldsOf(message: Uint8Array): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift <= 63n; shift += 7n) {
      const byte = message[at];
      if (byte === undefined) break;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw refused("The attestation is no protobuf message.");
  };
  while (at < message.length) {
    const tag = varint();
    const kind = tag & 7n;
    if (kind !== 0n && kind !== 2n) throw refused("The attestation is no protobuf message.");
    const value = varint();
    if (kind === 0n) {
      found.push([tag >> 3n, value]);
      continue;
    }
    if (value > BigInt(message.length - at)) throw refused("The attestation is no protobuf message.");
    at += Number(value);
    found.push([tag >> 3n, message.subarray(at - Number(value), at)]);
  }
  return found;
}

function bytesOf(message: Uint8Array, number: bigint): Uint8Array[] {
  return fieldsOf(message).flatMap(([field, value]) => (field === number && value instanceof Uint8Array ? [value] : []));
}

function numbersOf(message: Uint8Array, number: bigint): bigint[] {
  return fieldsOf(message).flatMap(([field, value]) => (field === number && typeof value === "bigint" ? [value] : []));
}

/**
 * Key, certificates, quotes and event log.
 *
 * `ak_pub` = 1, `quotes` = 2 (`quote` = 1, `raw_sig` = 2, `pcrs` = 3 with `pcrs` = 2 as map), `ak_cert` = 6,
 * `intermediate_certs` = 7, `event_log` = 3. The log of the running system (5) is not replayed.
 */
export function decodeAttestation(payload: Uint8Array): Attestation {
  const keys = bytesOf(payload, 1n);
  const [key] = keys;
  if (key === undefined || keys.length !== 1) throw refused("The attestation has no single key.");
  const quotes = bytesOf(payload, 2n).map(quoteOf);
  if (quotes.length === 0) throw refused("The attestation has no quotes.");
  const logs = bytesOf(payload, 3n);
  if (logs.length > 1) throw refused("The attestation has several event logs.");
  const certificates = [...bytesOf(payload, 6n), ...bytesOf(payload, 7n)];
  return { key: decodePublic(key), certificates, quotes, eventLog: logs[0] ?? null };
}

function quoteOf(quote: Uint8Array): TpmQuote {
  const [messages, signatures] = [bytesOf(quote, 1n), bytesOf(quote, 2n)];
  const values = new Map<bigint, Uint8Array>();
  for (const bank of bytesOf(quote, 3n)) {
    for (const entry of bytesOf(bank, 2n)) {
      values.set(numbersOf(entry, 1n).at(-1) ?? 0n, bytesOf(entry, 2n).at(-1) ?? new Uint8Array());
    }
  }
  const [message, signature] = [messages[0], signatures[0]];
  if (message === undefined || signature === undefined || messages.length !== 1 || signatures.length !== 1) {
    throw refused("A quote of the attestation is not complete.");
  }
  const pcrs = [...values].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, value]) => value);
  return { message, signature: decodeSignature(signature), pcrs };
}
