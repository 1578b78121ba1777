//! setup and prove. This crate fixes the order of the protocol; heavy arithmetic is in `zkseal-kernels`.
//!
//! | module | content |
//! | --- | --- |
//! | [`data`] | tensor values in narrow integers, wiped on drop |
//! | [`keys`] | setup, proving key, openings of inputs and outputs |
//! | [`mod@prove`] | the order of a proof |
//! | [`evaluate`], [`lookups`] | values of expressions, table rows, multiplicities, leaves |
//! | [`tree`], [`ragged`] | stage 5.1-G over blocks without padding |
//! | [`helper`] | stage 5.1-H |
//! | [`masks`] | masks of sumchecks |
//! | [`fold`], [`products`] | stage 5.2 |
//! | [`linear`] | stage 5.3 |
//! | [`columns`], [`bases`] | committed rows |
//! | [`randomness`] | masks and blindings |
//! | [`hooks`] | where test builds lie |
//!
//! Dependency position: top of the core; `py -> prover -> verifier`.

// `each_width!` expands to i64::from on every width, i64 among them.
#![allow(clippy::useless_conversion)]

pub mod bases;
pub mod columns;
pub mod data;
pub mod error;
pub mod evaluate;
pub mod fold;
pub mod helper;
#[cfg(feature = "test-hooks")]
pub mod hooks;
#[cfg(not(feature = "test-hooks"))]
mod hooks;
pub mod keys;
pub mod linear;
pub mod lookups;
pub mod masks;
pub mod products;
pub mod prove;
pub mod ragged;
pub mod randomness;
pub mod tree;

pub use bases::Powers;
pub use data::Data;
pub use error::ProveError;
pub use keys::{
    Committed, ProveInput, ProveOutput, ProvingKey, Scheme, Setup, TensorMap, check_opening, opening_powers, setup,
};
