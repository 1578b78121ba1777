//! Models for the EVM. One contract verifies every model; what differs between models is a *verifying program*, made here
//! from a verifying key and stored once as code.
//!
//! | module | content |
//! | --- | --- |
//! | [`program`] | the bytes of a program |
//! | [`space`] | the cells that it reads and writes |
//! | [`graph`] | arithmetic as a graph, every operation once |
//! | [`weights`], [`claims`] | stages 5.2 and 5.3 of the protocol as such a graph |
//! | [`emit`] | the graph as EVM code |
//! | [`gas`] | what a verification will cost |
//! | [`proof`] | proofs and commitments in the encoding of the chain |
//!
//! The contract itself does what is the same for all models: transcript, sumchecks, mask, commitments, opening
//! (contracts/src/verifier).
//!
//! Dependency position: `py -> evm -> verifier`.

#![forbid(unsafe_code)]

pub mod claims;
pub mod emit;
pub mod error;
pub mod gas;
pub mod graph;
pub mod program;
pub mod proof;
pub mod space;
pub mod weights;

pub use error::EvmError;
pub use gas::{Fork, Gas};
pub use program::Program;
pub use proof::{encode_commitments, encode_proof};
pub use space::{Output, Space};
