//! The verifier for browsers and node: requests and replies in CBOR, no logic of its own.
//!
//! | module | content |
//! | --- | --- |
//! | [`requests`] | what a request holds |
//! | [`replies`] | what is answered, and refusals by the names of `zkseal.errors` |
//! | [`verifier`] | keys by number, and verification under them |
//! | [`exports`] | what the module exports: no pointer is ever read here |
//!
//! The module imports nothing: no clock, no randomness, no memory but its own. `web/verifier` is its host.
//!
//! Dependency position: `wasm -> verifier -> relation, commit -> transcript, poly -> field`.

#![deny(unsafe_code)]
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

pub mod exports;
pub mod replies;
pub mod requests;
#[cfg(feature = "vectors")]
pub mod vectors;
pub mod verifier;
