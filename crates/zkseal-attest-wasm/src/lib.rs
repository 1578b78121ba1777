//! The verifiers of `zkseal-attest` for browsers and node: a request in CBOR in, a reply in CBOR out.
//!
//! | module | content |
//! | --- | --- |
//! | [`value`] | the values of requests and replies, in deterministic CBOR |
//! | [`calls`] | the calls by name, and what they reply |
//! | [`exports`] | what the module exports: three functions, no pointer is ever read here |
//!
//! The module imports nothing: no clock, no randomness, no memory but its own. A reply is `{"ok": ..}` or `{"error":
//! {"class": .., "message": .., "fields": ..}}` with the classes of `zkseal.errors`. What is acceptable is decided in
//! `web/verifier/src/tee`, as `src/zkseal/tee` does for Python.
//!
//! Dependency position: `attest-wasm -> attest`.

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

pub mod calls;
pub mod exports;
pub mod value;
