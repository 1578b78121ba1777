/** The receipt: a statement and the evidence for it. `zkseal.receipts.receipt` in TypeScript. */

import { sha256 } from "@noble/hashes/sha2.js";

import { decode, type Value, type ValueMap } from "./cbor.js";
import { isContainer, readSection, RECEIPT } from "./container.js";
import { ZksealError } from "./errors.js";
import { bytesOf, copyOf, exactMap, integerOf, listOf, requireLength, requireVersion, textOf } from "./fields.js";
import { decodeStatement, type Statement } from "./statement.js";

export const RECEIPT_VERSION = 1;
/** 64 MiB, room for some million public values. */
export const MAX_RECEIPT_BYTES = 1 << 26;
const MAX_EVIDENCE = 16;
const MAX_SEGMENTS = 256;
const SETUP_DIGEST_BYTES = 32;
const COMMITMENT_BYTES = 32;

/** A zero-knowledge proof. */
export interface ZkEvidence {
  readonly type: "zk";
  /** 1 rests on no trusted setup, 2 names the one that it rests on. */
  readonly version: 1 | 2;
  readonly proof: Uint8Array;
  readonly setupDigest: Uint8Array | null;
}

/** One proof for each segment of a model, in order, and the commitments of what crosses between neighbours. */
export interface SegmentedEvidence {
  readonly type: "zk-segments";
  readonly version: 1;
  /** Compressed points, 32 bytes each. A boundary of public values alone has none. */
  readonly boundaries: readonly (readonly Uint8Array[])[];
  readonly proofs: readonly Uint8Array[];
}

/** An answer that an enclave signed, and the attestation of its key. Nothing of either is checked by reading it. */
export interface AttestedEvidence {
  /** `tee-dev` is of a development enclave and says nothing to whoever does not trust its operator. */
  readonly type: "tee" | "tee-dev";
  readonly version: 1;
  /** COSE_Sign1. */
  readonly answer: Uint8Array;
  /** The attestation bundle, CBOR. */
  readonly attestation: Uint8Array;
}

/** A zero-knowledge proof, in one piece or in segments. */
export type ProofEvidence = ZkEvidence | SegmentedEvidence;
export type Evidence = ProofEvidence | AttestedEvidence;

/** A receipt as it was read. Nothing is verified yet. */
export interface Receipt {
  readonly statement: Statement;
  readonly evidence: readonly Evidence[];
  /** The one encoding of the receipt, without the container of a file. */
  readonly encoding: Uint8Array;
  /** SHA-256 of `encoding`: the receipt's name. */
  readonly digest: Uint8Array;
}

/**
 * Reads a receipt: a `.zkr` file, or the bare CBOR that it holds.
 *
 * Throws a `ZksealError` of the family `DecodeError` for anything else.
 */
export function readReceipt(data: Uint8Array): Receipt {
  const given = isContainer(data) ? readSection(data, RECEIPT) : data;
  // What is too long is refused by `decode`, and not copied before.
  const encoding = copyOf(given.subarray(0, MAX_RECEIPT_BYTES + 1));
  const value = decode(encoding, MAX_RECEIPT_BYTES);
  if (value instanceof Map) requireVersion(value.get("receipt"), [RECEIPT_VERSION], "Receipt");
  const entries = exactMap(value, ["evidence", "receipt", "statement"], "A receipt");
  integerOf(entries.get("receipt"), "The receipt's version");
  const evidence = listOf(entries.get("evidence"), "The evidence").map(decodeEvidence);
  const statement = decodeStatement(entries.get("statement"));
  if (evidence.length < 1 || evidence.length > MAX_EVIDENCE) {
    const message = `A receipt has 1 to ${MAX_EVIDENCE} pieces of evidence, not ${evidence.length}.`;
    throw new ZksealError("InvalidEncoding", message, { reason: "evidence" });
  }
  return { statement, evidence, encoding, digest: sha256(encoding) };
}

/** Whether a piece of evidence is a zero-knowledge proof, checked or not. */
export function isProof(evidence: Evidence): evidence is ProofEvidence {
  return evidence.type === "zk" || evidence.type === "zk-segments";
}

/** The receipt's zero-knowledge proof. Throws `StatementMismatch` if there is none, or more than one. */
export function proofEvidence(receipt: Receipt): ProofEvidence {
  const proofs = receipt.evidence.filter(isProof);
  const [only] = proofs;
  if (only !== undefined && proofs.length === 1) return only;
  const message = `The receipt holds ${proofs.length} zero-knowledge proofs where one is expected.`;
  throw new ZksealError("StatementMismatch", message, { column: "evidence" });
}

/** The proof, if it is in one piece. Throws `StatementMismatch` as `proofEvidence`, and if it is in segments. */
export function zkEvidence(receipt: Receipt): ZkEvidence {
  const proof = proofEvidence(receipt);
  if (proof.type === "zk") return proof;
  const message = `The receipt's proof is in ${proof.proofs.length} segments; the key is of a model in one piece.`;
  throw new ZksealError("StatementMismatch", message, { column: "evidence" });
}

/** The proof, if it is in segments. Throws `StatementMismatch` as `proofEvidence`, and if it is in one piece. */
export function segmentedEvidence(receipt: Receipt): SegmentedEvidence {
  const proof = proofEvidence(receipt);
  if (proof.type === "zk-segments") return proof;
  const message = "The receipt's proof is in one piece; the key is of a model in segments.";
  throw new ZksealError("StatementMismatch", message, { column: "evidence" });
}

/** The answer of an enclave, if there is one. Throws `StatementMismatch` if there is more than one. */
export function attestedEvidence(receipt: Receipt): AttestedEvidence | null {
  const answers = receipt.evidence.filter((evidence) => !isProof(evidence));
  if (answers.length <= 1) return answers[0] ?? null;
  const message = `The receipt holds ${answers.length} signed answers where at most one is expected.`;
  throw new ZksealError("StatementMismatch", message, { column: "evidence" });
}

function decodeEvidence(value: Value): Evidence {
  if (!(value instanceof Map)) {
    throw new ZksealError("InvalidEncoding", "A piece of evidence is not a map.", { reason: "not a map" });
  }
  const tag = textOf(value.get("type"), "The type of evidence");
  switch (tag) {
    case "zk":
      return decodeProof(value);
    case "zk-segments":
      return decodeSegmented(value);
    case "tee":
    case "tee-dev":
      return decodeAttested(value, tag);
    default:
      throw new ZksealError("UnknownVersion", "Evidence of this type is not known to this release.", { got: tag });
  }
}

function decodeProof(value: ValueMap): ZkEvidence {
  requireVersion(value.get("version"), [1, 2], "Evidence of type zk has a version:");
  const version = value.get("version") === 2 ? 2 : 1;
  const keys = version === 2 ? ["proof", "setup", "type", "version"] : ["proof", "type", "version"];
  const entries = exactMap(value, keys, "Evidence of type zk");
  integerOf(entries.get("version"), "The version of evidence");
  const setupDigest = version === 2 ? bytesOf(entries.get("setup"), "The setup digest") : null;
  const proof = bytesOf(entries.get("proof"), "The proof");
  if (setupDigest !== null) requireLength(setupDigest, SETUP_DIGEST_BYTES, "The setup digest");
  return { type: "zk", version, proof, setupDigest };
}

function decodeSegmented(value: ValueMap): SegmentedEvidence {
  requireVersion(value.get("version"), [1], "Evidence of type zk-segments has a version:");
  const entries = exactMap(value, ["boundaries", "proofs", "type", "version"], "Evidence of type zk-segments");
  integerOf(entries.get("version"), "The version of evidence");
  const boundaries = listOf(entries.get("boundaries"), "The boundaries").map((boundary) =>
    listOf(boundary, "A boundary").map((commitment) => bytesOf(commitment, "A commitment")),
  );
  const proofs = listOf(entries.get("proofs"), "The proofs").map((proof) => bytesOf(proof, "A proof"));
  return requireSegments({ type: "zk-segments", version: 1, boundaries, proofs });
}

/** Refuses boundaries that are no joints of so many proofs. */
export function requireSegments(evidence: SegmentedEvidence): SegmentedEvidence {
  const { boundaries, proofs } = evidence;
  requireSegmentCount(proofs.length);
  if (boundaries.length !== proofs.length - 1) {
    const [expected, got] = [proofs.length - 1, boundaries.length];
    const message = `${proofs.length} segments have ${expected} boundaries, not ${got}.`;
    throw new ZksealError("WrongLength", message, { expected, got });
  }
  for (const commitment of boundaries.flat()) requireLength(commitment, COMMITMENT_BYTES, "A commitment of a boundary");
  return evidence;
}

/** Throws `InvalidEncoding` unless a model may have so many segments. */
export function requireSegmentCount(count: number): void {
  if (count >= 2 && count <= MAX_SEGMENTS) return;
  const message = `A model has 2 to ${MAX_SEGMENTS} segments, not ${count}.`;
  throw new ZksealError("InvalidEncoding", message, { reason: "segments" });
}

function decodeAttested(value: ValueMap, type: "tee" | "tee-dev"): AttestedEvidence {
  requireVersion(value.get("version"), [1], `Evidence of type ${type} has a version:`);
  const entries = exactMap(value, ["answer", "attestation", "type", "version"], `Evidence of type ${type}`);
  integerOf(entries.get("version"), "The version of evidence");
  const answer = bytesOf(entries.get("answer"), "The answer");
  return { type, version: 1, answer, attestation: bytesOf(entries.get("attestation"), "The attestation") };
}
