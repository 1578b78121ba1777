/**
 * What a receipt is worth: `zkseal.appraisal` in TypeScript.
 *
 *     await loadAttest();
 *     const found = appraise(receipt, loadReceiptPolicy("tee-and-zk"), { now, context, verifier, verifyingKey });
 *
 * | module | content |
 * | --- | --- |
 * | `policy`, `policies.generated` | `ReceiptPolicy`: which evidence is enough; the policies that come with zkseal |
 * | `appraise` | proof, signed answer and attestation of one receipt, under one policy |
 * | `result` | `Appraisal`, and `DevAppraisal` where development evidence was accepted: another type |
 * | `describe` | words for people |
 */

export { appraise, type AppraiseOptions } from "./appraise.js";
export { type AppraisalDescription, describeAppraisal } from "./describe.js";
export { loadReceiptPolicy, type Mode, MODES, ReceiptPolicy, receiptPolicyOf, shippedReceiptPolicies } from "./policy.js";
export { Appraisal, type AppraisalJson, DevAppraisal, ReceiptRefused } from "./result.js";
