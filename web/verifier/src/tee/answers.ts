/**
 * Signed answers: what an enclave says about one inference, under the key that its attestation names.
 * `zkseal.receipts.answers` in TypeScript.
 *
 * Answers of development enclaves have another content type and another domain: neither can be read as the other.
 */

import { decode, type Value } from "../cbor.js";
import { ZksealError } from "../errors.js";
import { toHex } from "../hex.js";
import { ascii } from "./bytes.js";
import { readSign1 } from "./cose.js";
import { hasExactly } from "./evidence_encoding.js";
import { es256kVerify } from "./native.js";
import type { RuntimeData } from "./runtime_data.js";

const VERSION = 1;
const MAX_ANSWER_BYTES = 1024;
const KINDS = {
  production: { type: "application/vnd.zkseal.answer+cbor", domain: ascii("zkseal/answer/v1") },
  development: { type: "application/vnd.zkseal.answer-dev+cbor", domain: ascii("zkseal/answer-dev/v1") },
} as const;
const SIZES = { statement_digest: 32, runtime_digest: 32, request_digest: 32, boot_epoch: 16, previous: 32 } as const;
type Sized = keyof typeof SIZES;
const NAMES = [...(Object.keys(SIZES) as Sized[]), "sequence", "issued_at", "proof_digest"];

/** What is signed. */
export interface AnswerClaims {
  /** SHA-256 of the statement's encoding. */
  readonly statementDigest: Uint8Array;
  /** Of the runtime data that the attestation is bound to. */
  readonly runtimeDigest: Uint8Array;
  /** SHA-256 of the encrypted request, byte by byte as it arrived. */
  readonly requestDigest: Uint8Array;
  /** Of this start of the enclave. */
  readonly bootEpoch: Uint8Array;
  /** Number of the answer since then, from 0. */
  readonly sequence: number | bigint;
  /** SHA-256 of the answer before, so that none can be left out unseen. */
  readonly previous: Uint8Array;
  /** Unix seconds by the machine's clock, which its operator sets. */
  readonly issuedAt: number;
  /** SHA-256 of the proof, if the enclave made one itself. */
  readonly proofDigest: Uint8Array | null;
}

/** An answer as it was read. Nothing is checked yet. */
export interface SignedAnswer {
  readonly claims: AnswerClaims;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Reads an answer of the kind that is asked for. Throws errors of the family `DecodeError`. */
export function readAnswer(data: Uint8Array, kind: keyof typeof KINDS): SignedAnswer {
  const { type, domain } = KINDS[kind];
  const { payload, signed, signature } = readSign1(data, type, domain, MAX_ANSWER_BYTES);
  return { claims: decodeClaims(payload), signed, signature };
}

function decodeClaims(data: Uint8Array): AnswerClaims {
  const value = decode(data, MAX_ANSWER_BYTES);
  if (!hasExactly(value, ["answer", ...NAMES])) throw invalid("The answer has missing or unknown entries.");
  const version = value.get("answer");
  if (version !== VERSION) {
    const text = `Answers of version ${String(version)} are not known to this release.`;
    throw new ZksealError("UnknownVersion", text, { got: String(version), expected: VERSION });
  }
  const [sequence, issuedAt, proofDigest] = ["sequence", "issued_at", "proof_digest"].map((name) => value.get(name));
  const digests = new Map((Object.keys(SIZES) as Sized[]).map((name) => [name, value.get(name)]));
  if (!isCount(sequence) || !isCount(issuedAt) || ![...digests.values()].every((entry) => entry instanceof Uint8Array)) {
    throw invalid("An entry of the answer is of another type.");
  }
  if (proofDigest !== null && !(proofDigest instanceof Uint8Array)) {
    throw invalid("The answer's proof digest is of another type.");
  }
  const sized = (name: Sized): Uint8Array => exact(name, digests.get(name), SIZES[name]);
  return {
    statementDigest: sized("statement_digest"),
    runtimeDigest: sized("runtime_digest"),
    requestDigest: sized("request_digest"),
    bootEpoch: sized("boot_epoch"),
    previous: sized("previous"),
    proofDigest: proofDigest === null ? null : exact("proof_digest", proofDigest, 32),
    sequence,
    issuedAt: Number(issuedAt),
  };
}

function isCount(value: Value | undefined): value is number | bigint {
  return (typeof value === "number" || typeof value === "bigint") && value >= 0;
}

function exact(name: string, value: Value | undefined, expected: number): Uint8Array {
  const bytes = value instanceof Uint8Array ? value : new Uint8Array();
  if (bytes.length === expected) return bytes;
  const text = `The answer's ${name} has ${bytes.length} bytes instead of ${expected}.`;
  throw new ZksealError("WrongLength", text, { expected, got: bytes.length });
}

/** JSON view, with the names of the Python package. */
export function claimsToJson(claims: AnswerClaims): Record<string, string | number | null> {
  return {
    statement_digest: toHex(claims.statementDigest),
    runtime_digest: toHex(claims.runtimeDigest),
    request_digest: toHex(claims.requestDigest),
    boot_epoch: toHex(claims.bootEpoch),
    sequence: Number(claims.sequence),
    previous: toHex(claims.previous),
    issued_at: claims.issuedAt,
    proof_digest: claims.proofDigest === null ? null : toHex(claims.proofDigest),
  };
}

/** Whether the attested enclave's key signed (ES256K, RFC 8812). Throws `SignatureRejected`. */
export function verifyAnswerSignature(runtime: RuntimeData, answer: SignedAnswer): void {
  try {
    es256kVerify(runtime.get("signing_public_key"), answer.signed, answer.signature);
  } catch (error) {
    if (!(error instanceof ZksealError) || error.code !== "SignatureRejected") throw error;
    const text = "The answer is not signed by the key that the enclave is attested with.";
    throw new ZksealError("SignatureRejected", text, { reason: "ES256K", check: "tee.signature" });
  }
}

function invalid(text: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason: "answer" });
}
