//! `verify(key, statement, proof)`: the product (book, chapters 4 to 6).
//!
//! Small, total and deterministic: no `unsafe`, no panic on any input, no threads, no clock, no randomness. Sizes are
//! validated first, then the transcript is rebuilt, then the equations, then the opening.
//!
//! | module | content |
//! | --- | --- |
//! | [`proof`] | proof bytes, dictated by the layout |
//! | [`statement`] | what is public in one proof |
//! | [`key`] | verifying key, model id, model proof |
//! | [`transcript`] | the head of every transcript |
//! | [`lookups`] | what stage 5.1 leaves, by either argument |
//! | [`tree`] | stage 5.1-G |
//! | [`helper`] | stage 5.1-H |
//! | [`sumcheck`] | degree-2 rounds of stages 5.2 and 5.3 |
//! | [`claims`] | the one linear claim of stage 5.3, shared with the prover |
//! | [`verify`](mod@verify) | the order of it all |
//!
//! Dependency position: `prover -> verifier -> relation, commit -> transcript, poly -> field`.

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

pub mod claims;
pub mod error;
pub mod helper;
pub mod key;
pub mod lookups;
pub mod proof;
pub mod statement;
pub mod sumcheck;
pub mod transcript;
pub mod tree;
pub mod verify;

pub use error::{Verified, VerifyError};
pub use key::{VerifyingKey, model_id};
pub use proof::{HelperProof, LookupProof, OpeningProof, Proof, TreeLayer};
pub use statement::Statement;
pub use verify::{Instance, ProofKind, check_proof, verify};
