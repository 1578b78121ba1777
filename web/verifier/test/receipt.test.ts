import assert from "node:assert/strict";
import { test } from "node:test";

import { encode, type Value } from "../src/cbor.js";
import { attestedEvidence, isProof, MAX_RECEIPT_BYTES, proofEvidence, readReceipt, zkEvidence } from "../src/receipt.js";
import { integersOf } from "../src/statement.js";

const map = (entries: Readonly<Record<string, Value>>): Value => new Map(Object.entries(entries));

const ZK = map({ type: "zk", version: 1, proof: Uint8Array.of(1, 2) });
const TEE = map({ type: "tee", version: 1, answer: Uint8Array.of(3), attestation: Uint8Array.of(4) });
const SEGMENTS = map({ type: "zk-segments", version: 1, boundaries: [[]], proofs: [Uint8Array.of(5), Uint8Array.of(6)] });

function receipt(...evidence: Value[]): Uint8Array {
  const values = [[3, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe)]];
  const output = map({ commitments: [], values });
  const input = map({ commitments: [new Uint8Array(32)], values: [] });
  const statement = map({ version: 1, model: new Uint8Array(32), input, output, context: new Uint8Array() });
  return encode(map({ receipt: 1, statement, evidence }));
}

test("every kind of evidence is read", () => {
  const read = readReceipt(receipt(ZK, TEE, SEGMENTS));
  assert.deepEqual(read.evidence.map(({ type }) => type), ["zk", "tee", "zk-segments"]);
  assert.deepEqual(read.evidence.map(isProof), [true, false, true]);
  assert.equal(attestedEvidence(read)?.type, "tee");
});

test("public values are integers with a sign", () => {
  const data = readReceipt(receipt(ZK)).statement.output.values.get(3);
  assert.deepEqual(integersOf(data ?? new Uint8Array()), BigInt64Array.of(-2n));
});

test("one proof is expected, and one answer at most", () => {
  assert.equal(zkEvidence(readReceipt(receipt(ZK, TEE))).proof.length, 2);
  assert.equal(proofEvidence(readReceipt(receipt(TEE, SEGMENTS))).type, "zk-segments");
  for (const evidence of [[TEE], [ZK, ZK], [ZK, SEGMENTS]]) {
    assert.throws(() => proofEvidence(readReceipt(receipt(...evidence))), { code: "StatementMismatch" });
  }
  assert.throws(() => zkEvidence(readReceipt(receipt(SEGMENTS))), { code: "StatementMismatch" });
  assert.throws(() => attestedEvidence(readReceipt(receipt(TEE, TEE))), { code: "StatementMismatch" });
  assert.equal(attestedEvidence(readReceipt(receipt(ZK))), null);
});

test("what was read stays as it was when the caller's bytes change", () => {
  const bytes = receipt(ZK);
  const read = readReceipt(bytes);
  bytes.fill(0);
  assert.deepEqual([...zkEvidence(read).proof], [1, 2]);
});

test("a receipt beyond 64 MiB is refused", () => {
  assert.throws(() => readReceipt(new Uint8Array(MAX_RECEIPT_BYTES + 1)), { code: "WrongLength" });
});
