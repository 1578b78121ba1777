//! Commitments to rows and their openings.
//!
//! | module | holds |
//! | --- | --- |
//! | [`generators`] | the points `G_j`, `H`, `U`, derived from nothing but their names (book, chapter 1) |
//! | [`ipa`] | opening of a row commitment at a point by the inner-product argument (book, chapter 6) |
//! | [`kzg`] | the same by Mercury over KZG: constant size, powers of tau (book, chapter 6) |
//! | `pedersen` (feature `prover`) | row commitments `sum_j D_j G_j + rho H` |
//!
//! # Soundness
//! A verifier hands over the commitment to open as a list of (scalar, point) terms. Everything becomes one product of
//! scalars and points that must be the identity (with [`kzg`]: that a point of the proof must match under the pairing),
//! so that nothing of the argument can be checked against another commitment than the caller's.
//!
//! The verifying side has no unsafe code, no randomness, no threads and no clock, and does not panic.
//! Dependency position: above transcript, poly and field; with feature `prover` also above zkseal-kernels.

#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::as_conversions)]

mod error;
pub mod generators;
pub mod ipa;
pub mod kzg;
mod multiproduct;
#[cfg(feature = "prover")]
pub mod pedersen;

pub use error::OpeningError;
pub use generators::{Generators, MAX_COLUMN_VARS};
