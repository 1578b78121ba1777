/** `appraiseEvidence`: one piece of evidence under one policy, check by check. No clock, no network. */

import { sha256 } from "@noble/hashes/sha2.js";

import { ZksealError } from "../errors.js";
import { isZero } from "./bytes.js";
import { type Context, denied, type Finding, newFinding, requireTime, sentence } from "./context.js";
import type { Evidence } from "./evidence.js";
import type { AppraisalPolicy } from "./policy.js";
import {
  AttestationResult,
  type Check,
  Checks,
  DevAttestationResult,
  earOf,
  EvidenceRefused,
  type Found,
  isProduction,
  levelOf,
  Rejected,
} from "./result.js";
import { pinnedRoots, type Roots } from "./roots.js";
import { VERIFIERS } from "./verifiers/index.js";

const POLICY_CHECKS = ["platform", "assurance"];

export interface EvidenceOptions {
  /** The time of the appraisal, Unix seconds. */
  readonly now: number;
  /** What the evidence has to be bound to: random bytes, 16 or more. Without it the check `nonce` is not made. */
  readonly nonce?: Uint8Array;
  /** Trust anchors, by default those that zkseal pins. */
  readonly roots?: Roots;
}

/**
 * Appraises evidence and returns what was checked. `loadAttest` has to be awaited before.
 *
 * Throws `EvidenceRefused`: the first check that failed, or that was not made and has to be, with the result so far.
 * `WrongInput` if `now` is no time, `InvalidEncoding` if the nonce binds nothing; `MissingDependency`, `ResourceLimit` and
 * `InternalError` of the machine.
 */
export function appraiseEvidence(
  evidence: Evidence,
  policy: AppraisalPolicy,
  options: EvidenceOptions,
): AttestationResult | DevAttestationResult {
  const nonce = options.nonce ?? null;
  const { now } = options;
  requireTime(now);
  if (nonce !== null && isZero(nonce)) {
    // Evidence that is bound to nothing carries zeros, or no nonce at all.
    const text = "A nonce that is empty, or of zeros only, binds nothing. Give random bytes.";
    throw new ZksealError("InvalidEncoding", text, { reason: "nonce", check: "nonce" });
  }
  const verifier = VERIFIERS[evidence.platform];
  const found = newFinding(new Checks([...verifier.ANNOUNCED, ...POLICY_CHECKS]));
  if (evidence.platform === "sandbox") found.assurance = "sandbox";
  const context = { evidence, policy, roots: options.roots ?? pinnedRoots(), now, nonce };
  try {
    checkPlatform(context, found);
    verifier.verify(context, found);
    checkAssurance(context, found);
  } catch (error) {
    if (error instanceof ZksealError) throw error;
    if (!(error instanceof Rejected)) malformed(found, error);
  }
  const checks = found.checks.finish();
  const appraised: Found = {
    platform: evidence.platform,
    assurance: found.assurance,
    checks,
    claims: found.claims,
    chain: found.chain,
    evidenceDigest: sha256(evidence.payload),
    policyId: policy.policyId,
    now,
    nonce,
  };
  const error = firstError(found, checks, context);
  if (error !== undefined) throw new EvidenceRefused(error, earOf(appraised));
  return isProduction(found.assurance) ? new AttestationResult(appraised) : new DevAttestationResult(appraised);
}

/**
 * The last resort: what a verifier did not expect is an evidence's fault, and refused as such. Only the type of the error is
 * told, since its text can hold anything.
 */
function malformed(found: Finding, error: unknown): void {
  const kind = error instanceof Error ? error.name : typeof error;
  const text = `The evidence is malformed (${kind}).`;
  found.checks.failed("format", new ZksealError("InvalidEncoding", text, { reason: "malformed" }));
}

/** Comes first: evidence of a kind that the policy does not accept is not even read. */
function checkPlatform({ evidence, policy }: Context, found: Finding): void {
  const accepted = policy.fields.platforms.includes(evidence.platform);
  const text = `the policy does not accept evidence of ${evidence.platform}`;
  found.checks.require("platform", accepted, denied("platform", text), evidence.platform);
  if (!accepted) throw new Rejected();
}

function checkAssurance({ policy }: Context, found: Finding): void {
  const text = `the assurance is ${found.assurance}, the policy wants ${policy.fields.min_assurance}`;
  const enough = levelOf(found.assurance) >= levelOf(policy.minAssurance);
  found.checks.require("assurance", enough, denied("assurance", text), found.assurance);
}

function firstError(found: Finding, checks: readonly Check[], { policy, evidence }: Context): ZksealError | undefined {
  const [failure] = found.checks.failures;
  if (failure !== undefined) return failure;
  for (const { name, outcome, detail } of checks) {
    if (outcome === "not_checked" && !policy.allowsUnmade(evidence.platform, name)) {
      const reason = `the check ${name} was not made (${detail}), and the policy does not allow that`;
      return new ZksealError("PolicyDenied", sentence(reason), { check: name, reason });
    }
  }
  return undefined;
}
