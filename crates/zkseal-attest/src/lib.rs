//! Attestation verifiers: what hardware vendors sign, checked to roots and at a time that the caller gives.
//!
//! Small, total and deterministic: no `unsafe`, no panic on any input, no clock, no network, no randomness. A verifier
//! checks authenticity and returns claims; whether claims are acceptable (debug, reference values, nonce) is the
//! policy of `src/zkseal/tee`.
//!
//! | module | content |
//! | --- | --- |
//! | [`error`] | the check that failed, in the order of checks |
//! | [`reader`] | bytes, little- or big-endian, bounds checked |
//! | [`key`] | public keys and signature schemes |
//! | [`certificate`] | X.509 certificates and revocation lists |
//! | [`chain`](mod@chain) | certificate path to a pinned root at a time |
//! | [`snp`] | AMD SEV-SNP reports, VCEK and VLEK |
//! | [`nitro`] | AWS Nitro attestation documents |
//! | [`spdm`] | NVIDIA GPU and switch reports |
//! | [`intel`] | SGX and TDX quotes, by dcap-qvl |
//!
//! Dependency position: `py -> attest`; it knows nothing of proofs.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::as_conversions,
        clippy::panic_in_result_fn,
        clippy::wildcard_enum_match_arm
    )
)]

pub mod certificate;
pub mod chain;
pub mod error;
pub mod intel;
pub mod key;
pub mod nitro;
pub mod reader;
pub mod snp;
pub mod spdm;

pub use certificate::{Certificate, RevocationList};
pub use chain::{Chain, Trust};
pub use error::AttestError;
pub use key::{PublicKey, Scheme};
