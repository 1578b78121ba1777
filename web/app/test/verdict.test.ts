/** Levels of verdicts, over all combinations: nothing that failed, or that rests on development, is ever proved. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttestationFound, Expectation, ProofFound, Verification } from "../src/verifier/exchange.js";
import { resultJson } from "../src/verifier/result.js";
import { contextWords, verdictOf } from "../src/verifier/verdict.js";

const EXPECTATION: Expectation = {
  ...{ model: null, context: null, evidence: "any", policy: "production", references: {}, own: null, challenge: null },
  ...{ time: "now", now: 0 },
};
const PROOF: ProofFound = { opening: "ipa", origin: null, insecure: false, bytes: 1, segments: 1, took: 1 };
const ANSWER: AttestationFound = {
  ...{
    development: false,
    sufficient: true,
    lacking: null,
    platform: "snp",
    assurance: "hardware",
    issuedAt: 0,
    took: 1,
  },
  ...{ checks: [], chain: [], policy: null, words: null },
};
const FAILURE = { code: "OpeningRejected", message: "No.", remedy: "Ask.", details: {}, stage: "proof" } as const;

const PROOFS = [null, PROOF, { ...PROOF, insecure: true }];
const ANSWERS = [null, ANSWER, { ...ANSWER, sufficient: false }, { ...ANSWER, development: true, sufficient: false }];

function found(proof: ProofFound | null, attestation: AttestationFound | null, failed: boolean): Verification {
  return {
    part: "verification",
    receipt: {
      ...{ part: "receipt", digest: "00", modelId: "11", context: new Uint8Array(), bytes: 1, evidence: [] },
      commitments: { input: 0, output: 0 },
    },
    ...{ key: null, expectation: EXPECTATION, words: null, proof, attestation },
    inputs: [],
    outputs: [{ name: "y", shape: [1], dtype: "float32", public: true, values: ["42"] }],
    failure: failed ? FAILURE : null,
  };
}

test("what failed is rejected, whatever else holds, and its numbers are not repeated", () => {
  for (const proof of PROOFS) {
    for (const answer of ANSWERS) {
      const one = found(proof, answer, true);
      assert.equal(verdictOf(one).level, "rejected");
      assert.equal(JSON.stringify(resultJson(one)).includes("42"), false);
    }
  }
});

test("what rests on development is development, whatever else holds", () => {
  for (const proof of PROOFS) {
    for (const answer of ANSWERS) {
      const development = proof?.insecure === true || answer?.development === true;
      assert.equal(verdictOf(found(proof, answer, false)).level === "development", development);
    }
  }
});

test("levels are those of the table", () => {
  const levels = (proof: ProofFound | null): string[] =>
    ANSWERS.slice(0, 3).map((answer) => verdictOf(found(proof, answer, false)).word);
  assert.deepEqual(levels(null), ["Not verified", "Attested", "Authentic, code unchecked"]);
  assert.deepEqual(levels(PROOF), ["Proved", "Proved and attested", "Proved"]);
});

test("a context is text where it is text", () => {
  assert.equal(contextWords(new TextEncoder().encode("visit 12")), "“visit 12”");
  assert.equal(contextWords(Uint8Array.of(0xff, 1)), "0xff01");
  // Marks that turn the direction of writing could make one context look like another.
  assert.equal(contextWords(new TextEncoder().encode("a\u202eb")), "0x61e280ae62");
  assert.equal(contextWords(new Uint8Array()), "no context");
});
