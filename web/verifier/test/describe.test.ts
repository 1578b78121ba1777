import assert from "node:assert/strict";
import { test } from "node:test";

import { describe, type ProvedStatement, type Receipt, type VerifyingKey } from "../src/index.js";

const side = { values: new Map<number, Uint8Array>(), commitments: [] };
const bytes = new Uint8Array(32);
const statement = { modelId: bytes, input: side, output: side, context: bytes, digest: bytes };

const PROVED: ProvedStatement = {
  kind: "proved",
  statement,
  modelId: bytes,
  context: bytes,
  inputs: new Map(),
  outputs: new Map(),
  hiddenInputs: ["x"],
  hiddenOutputs: [],
  inputCommitments: [bytes],
  outputCommitments: [],
  origin: null,
  insecure: false,
};
const KEY = { interface: { inputs: [], outputs: [], weights: "private" } } as unknown as VerifyingKey;
const RECEIPT = { statement, evidence: [{ type: "zk" }] } as unknown as Receipt;

const codes = (proved: Partial<ProvedStatement>, receipt: Receipt = RECEIPT): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(describe({ ...PROVED, ...proved }, KEY, receipt)).map(([list, facts]) => [
      list,
      (facts as readonly { code: string }[]).map(({ code }) => code),
    ]),
  );

test("what is hidden is named, and its values are promised to nobody", () => {
  assert.deepEqual(codes({})["hidden"], ["inputs", "weights", "intermediate"]);
  assert.deepEqual(codes({})["proved"], ["model", "run", "context", "commitments"]);
});

test("a receipt without a context says that it is for anybody", () => {
  assert.ok(codes({ context: new Uint8Array() })["unchecked"]?.includes("context"));
  assert.ok(!codes({})["unchecked"]?.includes("context"));
});

test("an unpublished ceremony comes first among what is not checked, and no ceremony is named", () => {
  const unchecked = codes({ origin: "unknown", insecure: true })["unchecked"] ?? [];
  assert.equal(unchecked[0], "insecure");
  assert.ok(!unchecked.includes("setup"));
  assert.ok(codes({ origin: "aztec" })["unchecked"]?.includes("setup"));
});

test("an answer beside the proof is said not to be checked", () => {
  const both = { statement, evidence: [{ type: "zk" }, { type: "tee" }] } as unknown as Receipt;
  assert.ok(codes({}, both)["unchecked"]?.includes("attestation"));
});
