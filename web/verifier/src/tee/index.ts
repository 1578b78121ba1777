/**
 * Evidence of trusted execution environments, appraised in browsers and in node: `zkseal.tee` in TypeScript, module by
 * module under the same names, without the parts that make evidence.
 *
 *     await loadAttest();
 *     const result = appraiseEvidence(readStandaloneEvidence(bytes), loadPolicy("evidence-only"), { now });
 *
 * | module | content |
 * | --- | --- |
 * | `evidence`, `evidence_encoding`, `read_evidence` | evidence and what comes with it; CBOR; files of vendors |
 * | `policy`, `policies.generated` | `AppraisalPolicy`, and the policies that come with zkseal |
 * | `roots`, `roots.generated` | pinned roots |
 * | `verifiers/` | one module for each kind of evidence |
 * | `appraise`, `result` | `appraiseEvidence`; checks, assurance, results as EARs, development apart |
 * | `runtime_data`, `bundle`, `attested` | what evidence is bound to; machine and GPUs together |
 * | `answers`, `cose` | what an enclave signed |
 * | `native` | the Rust verifiers: binary formats, certificate chains, all signatures |
 * | `event_log`, `tpm_structures`, `jws`, `json_text`, `canonical_xml`, `xml_reader`, `pem` | formats |
 *
 * There is no clock and no network here: time, roots and collateral are arguments.
 */

export { appraiseEvidence, type EvidenceOptions } from "./appraise.js";
export { appraiseBundle, AttestedRuntime, type BundleEar, DevAttestedRuntime } from "./attested.js";
export { type AttestationBundle, readBundle } from "./bundle.js";
export { type Endorsements, type Evidence, evidenceOf, NO_ENDORSEMENTS } from "./evidence.js";
export { readStandaloneEvidence } from "./evidence_encoding.js";
export { type CertificateInfo, loadAttest } from "./native.js";
export { AppraisalPolicy, loadPolicy, type PolicyDocument, policyOf, shippedPolicies } from "./policy.js";
export {
  type Assurance,
  AttestationResult,
  type Check,
  DevAttestationResult,
  type Ear,
  EvidenceRefused,
  type Outcome,
  type Platform,
} from "./result.js";
export { readEvidence, type ReadOptions } from "./read_evidence.js";
export { pinnedRoots, type Roots } from "./roots.js";
export { RuntimeData } from "./runtime_data.js";
