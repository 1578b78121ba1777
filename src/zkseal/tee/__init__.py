"""Evidence of trusted execution environments, appraised offline: `appraise_evidence(evidence, policy, now=...)`.

=====================  ==========================================================================
`evidence`             `Evidence`, `Endorsements`; the kind of a file by its content
`evidence_encoding`    evidence as CBOR, alone or in a bundle
`event_log`            logs of measured boots, replayed
`attesters/`           evidence of this machine
`policy`, `policies/`  `AppraisalPolicy` and the policies that come with zkseal, as TOML
`roots`, `roots/`      pinned roots
`verifiers/`           one module for each kind of evidence
`appraise`             `appraise_evidence`
`answers`              `verify_answer_signature`
`result`               checks, assurance, `AttestationResult` as an EAR
`runtime_data`         `RuntimeData`: the keys and the model that evidence is bound to
`bundle`               `AttestationBundle`: machine and GPUs together
`attested`             `appraise_bundle`: what a bundle is worth
`sandbox_evidence`     development evidence of a process
`jws`, `canonical_xml`, `pem`, `tpm_structures`  formats
=====================  ==========================================================================

Binary evidence and all signatures are checked in Rust (`crates/zkseal-attest`). There is no clock and no network here:
time, roots and collateral are arguments.

Dependency position: imports `errors`, `receipts` (encodings) and `_native`; `appraisal`, `broker`, `enclave` and `cli`
use it.
"""

from zkseal.tee.answers import verify_answer_signature
from zkseal.tee.appraise import appraise_evidence
from zkseal.tee.attested import AttestedRuntime, DevAttestedRuntime, appraise_bundle
from zkseal.tee.bundle import AttestationBundle
from zkseal.tee.evidence import Endorsements, Evidence, read_evidence
from zkseal.tee.evidence_encoding import evidence_from_cbor, evidence_to_cbor
from zkseal.tee.policy import AppraisalPolicy, load_policy, parse_policy, policy_of, shipped_policies
from zkseal.tee.result import Assurance, AttestationResult, Check, DevAttestationResult, Outcome, Platform
from zkseal.tee.roots import Roots, pinned_roots
from zkseal.tee.runtime_data import RuntimeData

__all__ = [
    "AppraisalPolicy",
    "Assurance",
    "AttestationBundle",
    "AttestationResult",
    "AttestedRuntime",
    "Check",
    "DevAttestationResult",
    "DevAttestedRuntime",
    "Endorsements",
    "Evidence",
    "Outcome",
    "Platform",
    "Roots",
    "RuntimeData",
    "appraise_bundle",
    "appraise_evidence",
    "evidence_from_cbor",
    "evidence_to_cbor",
    "load_policy",
    "parse_policy",
    "pinned_roots",
    "policy_of",
    "read_evidence",
    "shipped_policies",
    "verify_answer_signature",
]
