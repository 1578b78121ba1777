//! Universal setups: powers of tau over BN254, read from the files of the public ceremonies and checked.
//!
//! | module | holds |
//! | --- | --- |
//! | [`read`], [`load`] | bytes or a path to a checked [`Srs`] |
//! | [`restore`] | powers kept without their file, checked again |
//! | `formats` | the four file layouts, told apart by content: [`Format`] |
//! | `check` | generators, `tau != 1`, pairing checks of every power of the file |
//! | [`Origin`] | the published ceremonies, known by `tau*G2`; of zkseal-commit, as verifiers need it |
//! | `digests` | the published files, known by digest |
//!
//! # Soundness
//! A file name proves nothing. What counts: every point is on its curve (and in the subgroup, for G2), every power
//! follows from the one before it by the file's `tau*G2`, and this `tau*G2` is the one of a published ceremony. The
//! weights of the pairing checks have 126 bits and come from a digest of the whole file, so the same file always gets
//! the same answer. A digest on the list of published files is reported, never required: a file may hold fewer powers.
//!
//! Reading does not panic, whatever the bytes.
//! Dependency position: above commit, for the digest that names a setup, and kernels; `py -> srs`.

#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::as_conversions)]

mod check;
mod digests;
mod error;
mod formats;
mod points;
mod srs;

pub use ark_bn254::G2Affine;
pub use error::{Place, SrsError};
pub use formats::Format;
pub use srs::{DEFAULT_MAX_POWERS, Srs, Trust, load, read, restore};
pub use zkseal_commit::kzg::{AZTEC_TAU_G2, EZKL_TAU_G2, HERMEZ_TAU_G2, Origin};
pub use zkseal_field::G1Affine;
