/** An enclave's signed answer and the attestation of its key, appraised under the policy that the user chose. */

import { type AttestedEvidence, type Receipt, type WasmSource, ZksealError } from "@zkseal/verifier";
import { appraise } from "@zkseal/verifier/appraisal/appraise.js";
import { describeAppraisal } from "@zkseal/verifier/appraisal/describe.js";
import { ReceiptPolicy } from "@zkseal/verifier/appraisal/policy.js";
import { Appraisal, type DevAppraisal, ReceiptRefused } from "@zkseal/verifier/appraisal/result.js";
import { readAnswer } from "@zkseal/verifier/tee/answers.js";
import { readBundle } from "@zkseal/verifier/tee/bundle.js";
import { loadAttest } from "@zkseal/verifier/tee/native.js";
import { loadPolicy, type PolicyDocument } from "@zkseal/verifier/tee/policy.js";
import { EvidenceRefused, isProduction } from "@zkseal/verifier/tee/result.js";

import { linksOf } from "./chain_links.js";
import type { AttestationFound, CheckFound, Expectation } from "./exchange.js";

export interface Appraised {
  readonly found: Omit<AttestationFound, "took">;
  /** What does not hold. */
  readonly error: ZksealError | null;
}

export type AppraiseAnswer = (
  receipt: Receipt,
  answer: AttestedEvidence,
  expectation: Expectation,
) => Promise<Appraised>;

/** Appraises with the module at `source`, which is loaded when the first answer comes: most receipts hold none. */
export function answerAppraiser(source: () => Promise<WasmSource>): AppraiseAnswer {
  return async (receipt, answer, expectation) => {
    await loadAttest(source());
    return appraised(receipt, answer, expectation);
  };
}

function appraised(receipt: Receipt, answer: AttestedEvidence, expectation: Expectation): Appraised {
  const facts = factsOf(answer);
  const now = expectation.time === "signed" && facts.issuedAt !== null ? facts.issuedAt : expectation.now;
  const nonce = expectation.challenge === null ? {} : { nonce: expectation.challenge };
  try {
    const options = { now, context: receipt.statement.context, ...nonce };
    const result = appraise(receipt, policyOf(expectation), options);
    return { found: foundOf(result, facts), error: null };
  } catch (error) {
    if (!(error instanceof ReceiptRefused)) throw error;
    return { found: refusedOf(error, facts), error };
  }
}

/** The receipt's context and model were compared before; its proof is checked apart. What is left is the answer. */
function policyOf(expectation: Expectation): ReceiptPolicy {
  const own = { mode: "tee", allow_not_checked: ["model", "tee.age"] };
  return ReceiptPolicy.of({ ...own, name: `web-page/${expectation.policy}`, attestation: attestationOf(expectation) });
}

function attestationOf({ policy, own, references }: Expectation): PolicyDocument {
  if (policy === "own") return own ?? {};
  const named = Object.keys(references).length === 0 ? {} : { references };
  // Whoever reads a receipt of others has set no challenge; what is not checked is listed in the result.
  const allowed = [...loadPolicy(policy).fields.allow_not_checked, "challenge"];
  return { extends: policy, allow_not_checked: allowed, ...named };
}

/** What the evidence says of itself, for the words of a result that was refused. */
interface Facts {
  readonly development: boolean;
  readonly platform: string;
  readonly issuedAt: number | null;
}

function factsOf(answer: AttestedEvidence): Facts {
  const development = answer.type === "tee-dev";
  try {
    const { claims } = readAnswer(answer.answer, development ? "development" : "production");
    return { development, platform: readBundle(answer.attestation).evidence.platform, issuedAt: claims.issuedAt };
  } catch (error) {
    // The appraisal says what is wrong with it.
    if (!(error instanceof ZksealError)) throw error;
    return { development, platform: "unknown", issuedAt: null };
  }
}

function foundOf(result: Appraisal | DevAppraisal, facts: Facts): Appraised["found"] {
  const { attested } = result;
  if (attested === null) throw new ZksealError("InternalError", "An answer was appraised, and nothing came of it.");
  const checks = [...attested.toJSON().checks, ...answerChecks(result.checks)];
  return {
    ...facts,
    development: facts.development || !isProduction(attested.result.assurance),
    sufficient: result instanceof Appraisal,
    lacking: null,
    assurance: attested.result.assurance,
    checks,
    chain: linksOf(facts.platform, attested.result.chain, checks),
    policy: result.policyId,
    words: describeAppraisal(result),
  };
}

function refusedOf(error: ReceiptRefused, facts: Facts): Appraised["found"] {
  const inner = error.cause instanceof EvidenceRefused ? error.cause : null;
  const made = inner?.result.checks ?? [];
  const lacking = isLacking(error, made) ? error.message : null;
  const answer = answerChecks(error.checks).map((check) =>
    lacking !== null && check.outcome === "fail" ? { ...check, outcome: "not_checked" as const } : check,
  );
  const checks = [...made, ...answer];
  const chain = linksOf(facts.platform, [], checks);
  return {
    ...facts,
    sufficient: false,
    lacking,
    assurance: inner?.result.assurance ?? "none",
    checks,
    chain,
    policy: null,
    words: null,
  };
}

/** Whether the policy wants to know more than the evidence shows, and nothing that was checked has failed. */
function isLacking(error: ReceiptRefused, made: readonly CheckFound[]): boolean {
  const failed = error.checks.filter((check) => check.outcome === "fail").map((check) => check.name);
  const attestationOnly = failed.length === 1 && failed[0] === "tee.attestation";
  return error.code === "PolicyDenied" && attestationOnly && made.every((check) => check.outcome !== "fail");
}

/** Checks of the answer; those of statement and proof are made elsewhere. */
function answerChecks(checks: readonly CheckFound[]): CheckFound[] {
  return checks.filter((check) => check.name.startsWith("tee."));
}
